# fish completion for credtop(1), written by packaging/generate.sh from config/options.def.

function __credtop_words
    set -l asked
    for word in (commandline -opc)[2..]
        if set -q asked[1]
            set -e asked
            continue
        end
        switch $word
            case -c --config --log --format --timeout --stage --strategy --since --head --file 
                set asked $word
            case '-*'
            case '*'
                echo -- $word
        end
    end
end

# That many words are there, and the first is COMMAND: __credtop_at N [COMMAND]
function __credtop_at
    set -l words (__credtop_words)
    test (count $words) -eq $argv[1]; or return 1
    test (count $argv) -eq 1; or test "$words[1]" = "$argv[2]"
end

# The command is one of these, or there is none yet.
function __credtop_with
    set -l words (__credtop_words)
    test (count $words) -eq 0; or contains -- $words[1] $argv
end

# The environments of the configuration that would be read.
function __credtop_environments
    set -l given (commandline -opc | string join \n | string match -r -g -- '^(?:--config=|-c)(.+)')
    set -l words (commandline -opc)
    for i in (seq 2 (count $words))
        contains -- $words[$i] -c --config; and set given $words[(math $i + 1)]
    end
    set -q given[1]; or set given $XDG_CONFIG_HOME/credtop/credtop.conf $HOME/.config/credtop/credtop.conf \
        /etc/credtop/credtop.conf
    for file in (string replace -r '^~/' "$HOME/" -- $given)
        if test -e "$file"
            string match -r -g '^\s*\[\s*environment\s+([A-Za-z0-9._-]+)\s*\]' <$file
            return
        end
    end
end

complete -c credtop -f
complete -c credtop -n '__credtop_at 0' -a status -d 'ask everything once, print one line for each environment, and tell by the exit status'
complete -c credtop -n '__credtop_at 0' -a test -d 'log in to the environment\'s database with every labelled version of its secret, once, and tell by the exit status'
complete -c credtop -n '__credtop_at 1 test' -a '(__credtop_environments)'
complete -c credtop -n '__credtop_at 0' -a rotate -d 'give the environment\'s database user a new password: print the plan, ask, do it step by step, and tell by the exit status'
complete -c credtop -n '__credtop_at 1 rotate' -a '(__credtop_environments)'
complete -c credtop -n '__credtop_at 0' -a recycle -d 'make Lambda begin new containers of the environment\'s function, which fetch their credentials anew: plan, ask, do, tell'
complete -c credtop -n '__credtop_at 1 recycle' -a '(__credtop_environments)'
complete -c credtop -n '__credtop_at 0' -a journal -d 'print the journal of orders, check that nobody changed it, or follow it'
complete -c credtop -n '__credtop_at 1 journal' -a 'show verify tail'
complete -c credtop -s c -l config -r -F -d 'the configuration to read, instead of looking for one'
complete -c credtop -l audit -d 'read-only for good: no orders, no login with a fetched password; cannot be undone by the configuration'
complete -c credtop -l log -r -F -d 'append credtop\'s own log to FILE; it holds no secret'
complete -c credtop -s A -l ascii -d 'draw with ASCII alone'
complete -c credtop -l no-color -d 'no colours, as with NO_COLOR'
complete -c credtop -n '__credtop_with status test journal' -l format -x -a 'table json' -d 'how status, test and journal print'
complete -c credtop -n '__credtop_with status test' -l timeout -x -d 'how long status and test wait for answers'
complete -c credtop -n '__credtop_with test' -l stage -x -d 'test this staging label alone: AWSCURRENT, AWSPENDING, AWSPREVIOUS'
complete -c credtop -n '__credtop_with rotate recycle' -l dry-run -d 'print the plan of rotate or recycle and change nothing'
complete -c credtop -n '__credtop_with rotate recycle' -s y -l yes -d 'rotate or recycle without asking; needed where there is no terminal'
complete -c credtop -n '__credtop_with rotate' -l finish -d 'finish a rotation that stopped half way, or roll it back, instead of beginning one'
complete -c credtop -n '__credtop_with rotate' -l cancel -d 'stop what AWS rotates, instead of beginning one; this turns automatic rotation off'
complete -c credtop -n '__credtop_with rotate' -l roll-back -d 'alternating users: move AWSCURRENT back to the version before, if the database takes both'
complete -c credtop -n '__credtop_with rotate' -l strategy -x -a 'single-user alternating-users' -d 'how credtop itself rotates, instead of what the configuration says'
complete -c credtop -n '__credtop_with status journal' -l since -x -d 'status: how far back the logs are read (1m..168h), instead of backfill; journal: show or follow from this long ago on'
complete -c credtop -n '__credtop_with journal' -l head -x -d 'verify that the line with this hash, which syslog told, is still in the journal'
complete -c credtop -n '__credtop_with journal' -l file -r -F -d 'the journal to read, instead of the configuration\'s'
complete -c credtop -s h -l help -d 'print this and stop'
complete -c credtop -s V -l version -d 'print the version and stop'
