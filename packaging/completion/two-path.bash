# Completes two-path, two-path-server and two-path-device in bash, from what each says with --help: what it knows is
# what they know. Nothing here asks a server.

# The options in a help text; with one of them, the name that the text gives its value.
_two_path_options() { sed -n 's/^  \(-[a-z] \[ \)\{0,1\}\(--[a-z][a-z_.-]*\).*/\2/p' <<<"$1"; }
_two_path_value() { sed -n "s/^  \(-[a-z] \[ \)\{0,1\}$2\( \]\)\{0,1\} \([^ ]\{1,\}\) .*/\3/p" <<<"$1"; }

_two_path() {
    local program=$1 current=$2 previous=$3 command=${COMP_WORDS[1]} name=${1##*/} help value words
    COMPREPLY=()
    if [[ $name == two-path && $COMP_CWORD -gt 1 ]]; then
        help=$("$program" "$command" --help 2>/dev/null)
    else
        help=$("$program" --help 2>/dev/null)
    fi

    [[ $previous =~ ^--[a-z._-]+$ ]] && value=$(_two_path_value "$help" "$previous")
    if [[ -n $value ]]; then
        case $value in
            FILE | DIR | PATH) compopt -o default ;;
            *'|'*) words=${value//|/ } ;;
        esac
    elif [[ $name == two-path-device && $COMP_CWORD -gt 1 ]]; then
        case $command in
            status | doctor) words=--json ;;
            busy) words='on off' ;;
            start-notification) words=--until-told ;;
        esac
    elif [[ $current == -* ]]; then
        words=$(_two_path_options "$help")
        [[ $name != two-path-server && $COMP_CWORD == 1 ]] && words='--help --version'
    elif [[ $name == two-path-server ]]; then
        words=$(sed -n 's/^  two-path-server \[OPTION...\] \([a-z-]*\) \(EMAIL\|FOLDER\) .*/\1/p' <<<"$help")
        [[ $previous == backup || $previous == restore ]] && words='' && compopt -o default
    elif [[ $COMP_CWORD == 1 ]]; then
        words=$(sed -n 's/^  \([a-z][a-z-]*\)\( .*\)\{0,1\}$/\1/p' <<<"$help")
    elif [[ $COMP_CWORD == 2 ]]; then
        case $command in
            devices) words='accept reject' ;;
            deployments) words=abort ;;
            releases) words=remove ;;
            webhook) words='retry remove' ;;
            audit) words=export ;;
            publish) compopt -o default ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _two_path two-path two-path-server two-path-device
