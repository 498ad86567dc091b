" The commands of Halley; what they do is in autoload/.
if exists('g:loaded_halley') || has('nvim')
  finish
endif
let g:loaded_halley = 1

if !exists('*listener_add') || !has('job') || !has('channel')
  echohl ErrorMsg
  echomsg 'halley: Vim 8.2 or newer with +channel and +job is needed'
  echohl None
  finish
endif

command! -nargs=* -range=0 -bang Halley
      \ call halley#ask(<q-args>, <count> ? [<line1>, <line2>] : [], <bang>0)
command! -nargs=* -range HalleyRewrite call halley#rewrite(<q-args>, <line1>, <line2>)
command! -bang HalleyAccept call halley#accept(<bang>0)
command! HalleyReject call halley#reject()
command! -nargs=? -complete=customlist,halley#approve#complete HalleyApprove
      \ call halley#approve#answer(<q-args>)
command! HalleyStop call halley#stop()

highlight default link HalleyNote Comment
