/* SPDX-License-Identifier: MIT */
/* What the files of /proc say, in Linux's form, and what is asked of proc and the kernel for it. */
#pragma once

#include <idl/proc.h>
#include "text_file.h"

/* Writes the text; 0 or an error. */
typedef int64_t proc_text_fn(struct text_file *text, int32_t pid);

proc_text_fn proc_text_cpuinfo, proc_text_filesystems, proc_text_loadavg, proc_text_meminfo,
    proc_text_mounts, proc_text_system_stat, proc_text_uptime, proc_text_version;
proc_text_fn proc_text_cmdline, proc_text_comm, proc_text_stat, proc_text_statm, proc_text_status;

/* False: there is no such process, or no proc. */
bool proc_record_find(int32_t pid, struct qy_proc_record *ret_record);

/* The least pid that is not below this one; 0: there is none. */
int32_t proc_pid_from(int32_t pid);

/* 0: no process of proc's. */
int32_t proc_pid_of_job(uint64_t job);

int64_t proc_exe(int32_t pid, uint8_t *ret_text, uint32_t *ret_length);
