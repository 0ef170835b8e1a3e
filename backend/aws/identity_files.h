/* The shared config and credentials files as they are now: read again when they
 * change, looked at no more than once a second, never while a lock is held, so that
 * a file system that hangs holds up nobody but the one thread that reads.
 *
 * A view is one reading of both.  It never changes and is counted by references;
 * whoever walks the chain keeps one for the whole walk. */
#ifndef CT_IDENTITY_FILES_H
#define CT_IDENTITY_FILES_H

#include <stdatomic.h>

#include "backend/aws/aws_files.h"
#include "backend/aws/identity_env.h"
#include "backend/base/clock.h"

struct shared_file {
    enum aws_file_kind kind;
    const char *path;        /* NULL: there is no home directory to look in */
    const char *shown;       /* the short form, for the screen */
    struct aws_file *parsed; /* NULL: none, or not understood */
    struct why why;          /* of the reading; ERR_NOT_FOUND: no such file */
    struct stat seen;        /* zeroed: no such file */
    bool settled;            /* `seen` can be trusted to tell a change */
};

struct files_view {
    atomic_uint refs;
    uint64_t generation; /* moves on when the contents change */
    struct shared_file credentials, config;
};

struct identity_files;
struct identity_files *identity_files_new(const struct clock *clock, const struct identity_env *env);
struct identity_files *identity_files_free(struct identity_files *f);

const struct files_view *identity_files_view(struct identity_files *f); /* any thread; give back with: */
void files_view_unref(const struct files_view *v);

/* ERR_OK, or why one of the files cannot be understood. */
enum err files_view_check(const struct files_view *v, struct why *why) CHECKED;

/* A profile's setting that is not empty, NULL otherwise; the credentials file wins, as
 * in the AWS tools.  out_file and out_line may be NULL. */
const char *files_view_setting(const struct files_view *v, const char *profile, const char *key,
                               const struct shared_file **out_file, int *out_line);
bool files_view_has_profile(const struct files_view *v, const char *profile);
bool files_view_has_keys(const struct files_view *v, const char *profile); /* static ones */

/* "PATH:LINE: profile "NAME"": where a setting stands; out is returned. */
const char *files_view_where(const struct files_view *v, const char *profile, const char *key, char *out, size_t size);

#endif
