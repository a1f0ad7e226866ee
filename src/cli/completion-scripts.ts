/** Shells that get completions. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

// Bash replaces only what follows the last of `:`, `@` and `=`, where it breaks words.
const BASH = `# bash completion for varve
_varve() {
  local line=\${COMP_LINE:0:COMP_POINT} words current prefix='' part mark directive=0
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  for mark in : @ =; do
    [[ $COMP_WORDBREAKS == *"$mark"* && $current == *"$mark"* ]] || continue
    part=\${current%"$mark"*}$mark
    (( \${#part} > \${#prefix} )) && prefix=$part
  done
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :[0-9]* ]]; then directive=\${line#:}
    else line=\${line%%$'\\t'*}; COMPREPLY+=("\${line#"$prefix"}")
    fi
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
  case $directive in
    4) compopt +o default ;;
    16) compopt +o default -o dirnames ;;
  esac
}
complete -o default -F _varve varve
`

const ZSH = `#compdef varve
_varve() {
  local -a candidates
  local line directive=0
  while IFS= read -r line; do
    if [[ $line == :[0-9]* ]]; then directive=\${line#:}
    else line=\${line//:/\\\\:}; candidates+=("\${line/$'\\t'/:}")
    fi
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then _describe 'varve' candidates
  elif (( directive == 0 )); then _files
  elif (( directive == 16 )); then _files -/
  fi
}
if [[ "\${funcstack[1]}" == _varve ]]; then _varve "$@"; else compdef _varve varve; fi
`

const FISH = `# fish completion for varve
function __varve_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
  for line in $lines
    string match -qr '^:[0-9]+$' -- $line; or echo $line
  end
  switch "$lines[-1]"
    case ':0'
      __fish_complete_path "$current"
    case ':16'
      __fish_complete_directories "$current"
  end
end
complete -c varve -f -a '(__varve_complete)'
`

/**
 * Each asks `varve complete -- <words>` for candidates: one a line, with a tab before its description, and a last line that says what else
 * fits: `:0` any file, `:4` nothing, `:16` any folder. Words are passed on as they are and never evaluated.
 */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
