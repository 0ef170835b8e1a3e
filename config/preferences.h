/* What is kept of the screen between runs: how its tables look, and the commands typed.
 * A small file of its own beside the journal, never credtop.conf, which is the operator's.
 * It holds no secret and nothing that an order goes by; what is wrong in it is said and left
 * out. */
#ifndef CT_PREFERENCES_H
#define CT_PREFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#define PREFERENCE_MAX 512
#define PREFERENCES_LIST 30

struct preferences {
    char sort[PREFERENCE_MAX], columns[PREFERENCE_MAX], group[PREFERENCE_MAX], theme[PREFERENCE_MAX]; /* "" not set */
    bool reverse, wide, local_time, mouse;
    size_t ncommands;
    char commands[PREFERENCES_LIST][PREFERENCE_MAX];
};

/* $XDG_STATE_HOME/credtop/preferences, or the same under ~/.local/state; NULL when neither is
 * known.  malloc'd. */
char *preferences_path(void);

/* The folder it is in, made when it is missing; NULL when it cannot be.  malloc'd. */
char *preferences_folder(void);

/* A file that is not there is empty.  False with *out_error (malloc'd, "FILE:LINE: ...") when
 * something in it is wrong: what is right is taken all the same. */
bool preferences_load(const char *path, struct preferences *out, char **out_error);
/* Writes it whole, or leaves the old one: a new file, then a rename; mode 0600, its folder
 * 0700.  False with *out_error. */
bool preferences_save(const char *path, const struct preferences *p, char **out_error);

/* From bytes, for tests and the fuzzer; `path` names them in the message. */
bool preferences_parse(const char *bytes, size_t n, const char *path, struct preferences *out, char **out_error);

#endif
