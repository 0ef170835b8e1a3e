#!/usr/bin/env python3
"""What zsh makes of a line when Tab is pressed at its end: zsh_keys.py FOLDER LINE...

FOLDER holds _credtop.  Each line is typed at the prompt of a zsh in a terminal of its own,
Tab is pressed, and what the line has become is printed."""
import os
import pty
import select
import sys
import time

folder, lines = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("zsh", ["zsh", "-f", "-i"])


def read_until(mark, seconds=10.0):
    """What the terminal shows up to the mark."""
    seen, end = b"", time.monotonic() + seconds
    while mark not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            sys.exit(f"zsh_keys.py: no {mark!r} within {seconds} s: {seen!r}")
        seen += os.read(terminal, 65536)
    return seen


def say(text):
    os.write(terminal, text.encode())


# The widget prints the line between marks that the echo of the typing cannot hold, and empties it.
say(
    f"unset zle_bracketed_paste; unsetopt beep; PS1=; fpath=('{folder}' $fpath); autoload -U compinit && compinit -D -u;"
    "show() { print; print -r -- \"<${:-}<$BUFFER>${:-}>\"; BUFFER=; }; zle -N show; bindkey '^Xs' show; "
    "setopt no_auto_menu no_list_ambiguous; print READY$((1))\n"
)
read_until(b"READY1")
for line in lines:
    say(line + "\t\x18s")
    text = read_until(b">>")
    print(text[text.rindex(b"<<") + 2 : text.rindex(b">>")].decode().rstrip())
say("exit\n")
os.close(terminal)
os.waitpid(pid, 0)
