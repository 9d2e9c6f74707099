/* SPDX-License-Identifier: MIT */
/* The register frame is plain C: the fake CPU has the registers of the real one. */
#pragma once

#include "../../../../kernel/arch/x86_64/include/arch_impl/frame.h"
