# fish completion for credtop(1), written by packaging/generate.sh from config/options.def.

function __credtop_words
    set -l asked
    for word in (commandline -opc)[2..]
        if set -q asked[1]
            set -e asked
            continue
        end
        switch $word
            case -c --config --log --format --timeout --source --stage --strategy --since --kind --region --profile -o --output --head --file 
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
complete -c credtop -n '__credtop_at 0' -a verify -d 'look at how the environment is set up, once: each check with what was found, why it matters, how to mend it; tell by the exit status'
complete -c credtop -n '__credtop_at 1 verify' -a '(__credtop_environments)'
complete -c credtop -n '__credtop_at 0' -a report -d 'the same of every environment, for an auditor: with the times of the evidence, who asked, and the journal\'s state'
complete -c credtop -n '__credtop_at 0' -a journal -d 'print the journal of orders, check that nobody changed it, or follow it'
complete -c credtop -n '__credtop_at 1 journal' -a 'show verify tail'
complete -c credtop -n '__credtop_at 0' -a events -d 'print what the logs tell, as the events screen has it: fetches, hits, fallbacks, errors; once, or as it comes'
complete -c credtop -n '__credtop_at 1 events' -a '(__credtop_environments)'
complete -c credtop -n '__credtop_at 0' -a doctor -d 'say what works and what does not: terminal, clock, configuration, keys, each call\'s permission, log patterns, databases'
complete -c credtop -n '__credtop_at 0' -a discover -d 'write a configuration from what the account has: secrets, functions and log groups that belong together'
complete -c credtop -n '__credtop_at 0' -a config -d 'name every mistake in the configuration with its line, or print what is in force and where each value comes from'
complete -c credtop -n '__credtop_at 1 config' -a 'check show'
complete -c credtop -n '__credtop_at 2 config' -F
complete -c credtop -s c -l config -r -F -d 'the configuration to read, instead of looking for one'
complete -c credtop -l audit -d 'read-only for good: no orders, no login with a fetched password; cannot be undone by the configuration'
complete -c credtop -l restricted -d 'for sshd\'s ForceCommand: --audit, and beyond it only /etc/credtop/credtop.conf, nothing from the environment, no file written, no program started; the dashboard and status alone'
complete -c credtop -l log -r -F -d 'append credtop\'s own log to FILE; it holds no secret'
complete -c credtop -s A -l ascii -d 'draw with ASCII alone'
complete -c credtop -l no-color -d 'no colours, as with NO_COLOR'
complete -c credtop -n '__credtop_with status test verify report journal events' -l format -x -a 'table json csv prometheus markdown' -d 'how it prints: table or json; csv, too, for status and events; prometheus for status; report: markdown, as it does by itself, or json'
complete -c credtop -n '__credtop_with status test verify report events doctor discover' -l timeout -x -d 'how long status, test, events, verify, report, doctor and discover wait for answers'
complete -c credtop -n '__credtop_with verify' -l source -x -a '(__fish_complete_directories (commandline -ct))' -d 'verify: look through the function\'s source tree, too, for the parts of the credential flow and for passwords'
complete -c credtop -n '__credtop_with test' -l stage -x -d 'test this staging label alone: AWSCURRENT, AWSPENDING, AWSPREVIOUS'
complete -c credtop -n '__credtop_with rotate recycle' -l dry-run -d 'print the plan of rotate or recycle and change nothing'
complete -c credtop -n '__credtop_with rotate recycle' -s y -l yes -d 'rotate or recycle without asking; needed where there is no terminal'
complete -c credtop -n '__credtop_with rotate' -l finish -d 'finish a rotation that stopped half way, or roll it back, instead of beginning one'
complete -c credtop -n '__credtop_with rotate' -l cancel -d 'stop what AWS rotates, instead of beginning one; this turns automatic rotation off'
complete -c credtop -n '__credtop_with rotate' -l roll-back -d 'alternating users: move AWSCURRENT back to the version before, if the database takes both'
complete -c credtop -n '__credtop_with rotate' -l strategy -x -a 'single-user alternating-users' -d 'how credtop itself rotates, instead of what the configuration says'
complete -c credtop -n '__credtop_with status verify report journal events' -l since -x -d 'status, events, verify, report: how far back the logs are read (1m..168h), instead of backfill; journal: show or follow from this long ago on'
complete -c credtop -n '__credtop_with events' -s f -l follow -d 'events: begin with the last ten, or with --since, and go on with what comes, until interrupted'
complete -c credtop -n '__credtop_with events' -l kind -x -d 'events: only these; as in JSON (fetches), or as on the screen (FETCH)'
complete -c credtop -n '__credtop_with discover' -l region -x -d 'discover: the regions to look in, instead of the profile\'s'
complete -c credtop -n '__credtop_with discover' -l profile -x -d 'discover: the AWS profile whose keys are used'
complete -c credtop -n '__credtop_with discover' -s o -l output -r -F -d 'discover: the file to make; one that exists is never overwritten'
complete -c credtop -n '__credtop_with journal' -l head -x -d 'verify that the line with this hash, which syslog told, is still in the journal'
complete -c credtop -n '__credtop_with journal' -l file -r -F -d 'the journal to read, instead of the configuration\'s'
complete -c credtop -s h -l help -d 'print this and stop'
complete -c credtop -s V -l version -d 'print the version and stop'
