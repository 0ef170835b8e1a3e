/* A folder of the test's own, under TMPDIR, that goes with all that is in it. */
#ifndef CT_OWN_FOLDER_H
#define CT_OWN_FOLDER_H

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "backend/base/strbuf.h"

static inline void own_folder_make(char out[64], const char *name)
{
    const char *tmp = getenv("TMPDIR");
    (void)str_fmt(out, 64, "%s/%s-XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp", name);
    assert_non_null(mkdtemp(out));
}

static inline int own_folder_take(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void own_folder_remove(const char *folder)
{
    (void)nftw(folder, own_folder_take, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
