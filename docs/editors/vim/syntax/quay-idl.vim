" SPDX-License-Identifier: MIT
" Quay's interface language: docs/idl/grammar.md
if exists('b:current_syntax')
  finish
endif

syntax keyword quayIdlDeclaration library using as const enum bits struct table union protocol event
syntax keyword quayIdlModifier strict flexible reserved error lease in out
syntax keyword quayIdlType bool u8 u16 u32 u64 i8 i16 i32 i64
syntax keyword quayIdlType string vector array optional handle
syntax keyword quayIdlObject job process thread aspace memory port session timer irq io resource
syntax keyword quayIdlObject channel_sender channel_receiver any
syntax keyword quayIdlBoolean true false
syntax match quayIdlAttribute /@\h\w*/
syntax match quayIdlNumber /\<\%(0x[0-9a-fA-F_]\+\|[0-9][0-9_]*\%(ns\|us\|ms\|s\)\?\)\>/
syntax region quayIdlText start=/"/ skip=/\\./ end=/"/ oneline
syntax match quayIdlComment /\/\/.*$/
syntax match quayIdlDoc /\/\/\/.*$/

highlight default link quayIdlDeclaration Keyword
highlight default link quayIdlModifier StorageClass
highlight default link quayIdlType Type
highlight default link quayIdlObject Type
highlight default link quayIdlBoolean Boolean
highlight default link quayIdlAttribute PreProc
highlight default link quayIdlNumber Number
highlight default link quayIdlText String
highlight default link quayIdlComment Comment
highlight default link quayIdlDoc SpecialComment

let b:current_syntax = 'quay-idl'
