" SPDX-License-Identifier: MIT
autocmd BufRead,BufNewFile *.idl if search('^library ', 'nw') > 0 | set filetype=quay-idl | endif
