# bash completion for credtop(1), written by packaging/generate.sh from config/options.def.
# shellcheck shell=bash disable=SC2016

# The environments of the configuration that would be read; $1: what --config named.
_credtop_environments() {
    local file=${1/#\~\//$HOME/}
    if [[ -z $file ]]; then
        for file in "${XDG_CONFIG_HOME:-/}/credtop/credtop.conf" "${HOME:-/}/.config/credtop/credtop.conf" \
            /etc/credtop/credtop.conf; do
            if [[ -e $file ]]; then break; fi
        done
    fi
    sed -nE 's/^[[:blank:]]*\[[[:blank:]]*environment[[:blank:]]+([A-Za-z0-9._-]+)[[:blank:]]*\].*/\1/p' \
        "$file" 2>/dev/null
}

_credtop_paths() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_credtop() {
    local cur=${COMP_WORDS[COMP_CWORD]} asked='' command='' config='' offered='' front='' word i at=0
    COMPREPLY=()
    # Readline may cut "--name=value" at the "=".
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $asked && $word == = ]]; then continue; fi
        case $asked in
        '') ;;
        -c|--config) config=$word asked=''; continue ;;
        *) asked=''; continue ;;
        esac
        case $word in
        -c|--config|--log|--format|--timeout|--source|--stage|--strategy|--since|--kind|--region|--profile|-o|--output|--head|--file) asked=$word ;;
        --config=*) config=${word#*=} ;;
        -*) ;;
        *) if [[ $command ]]; then ((at += 1)); else command=$word; fi ;;
        esac
    done
    if [[ $asked && $cur == = ]]; then cur=''; fi
    if [[ ! $asked && $cur == --*=* ]]; then asked=${cur%%=*} front=$asked= cur=${cur#*=}; fi
    case $asked in
    '') ;;
    -c|--config) _credtop_paths -f "$cur" ;;
    --log) _credtop_paths -f "$cur" ;;
    --format) offered='table json csv prometheus markdown' ;;
    --timeout) : ;;
    --source) _credtop_paths -d "$cur" ;;
    --stage) : ;;
    --strategy) offered='single-user alternating-users' ;;
    --since) : ;;
    --kind) : ;;
    --region) : ;;
    --profile) : ;;
    -o|--output) _credtop_paths -f "$cur" ;;
    --head) : ;;
    --file) _credtop_paths -f "$cur" ;;
    esac
    if [[ $asked ]]; then
        :
    elif [[ $cur == -* ]]; then
    case $command in *) offered+=' -c --config --audit --restricted --log -A --ascii --no-color -h --help -V --version' ;; esac
    case $command in ''|status|test|verify|report|journal|events) offered+=' --format' ;; esac
    case $command in ''|status|test|verify|report|events|doctor|discover) offered+=' --timeout' ;; esac
    case $command in ''|verify) offered+=' --source' ;; esac
    case $command in ''|test) offered+=' --stage' ;; esac
    case $command in ''|rotate|recycle) offered+=' --dry-run -y --yes' ;; esac
    case $command in ''|rotate) offered+=' --finish --cancel --roll-back --strategy' ;; esac
    case $command in ''|status|verify|report|journal|events) offered+=' --since' ;; esac
    case $command in ''|events) offered+=' -f --follow --kind' ;; esac
    case $command in ''|discover) offered+=' --region --profile -o --output' ;; esac
    case $command in ''|journal) offered+=' --head --file' ;; esac
    elif [[ ! $command ]]; then
        offered='status test rotate recycle verify report journal events doctor discover config'
    else
    case $command:$((at + 1)) in
    test:1) offered=$(_credtop_environments "$config") ;;
    rotate:1) offered=$(_credtop_environments "$config") ;;
    recycle:1) offered=$(_credtop_environments "$config") ;;
    verify:1) offered=$(_credtop_environments "$config") ;;
    journal:1) offered='show verify tail' ;;
    events:1) offered=$(_credtop_environments "$config") ;;
    config:1) offered='check show' ;;
    config:2) _credtop_paths -f "$cur" ;;
    esac
    fi
    if [[ $offered ]]; then mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$cur"); fi
    if [[ $front ]]; then COMPREPLY=("${COMPREPLY[@]/#/$front}"); fi
}
complete -F _credtop credtop
