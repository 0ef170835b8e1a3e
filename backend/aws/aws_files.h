/* The AWS tools' shared files, ~/.aws/config and ~/.aws/credentials, read as those
 * tools read them ("Shared config and credentials files", AWS SDKs and Tools
 * Reference Guide; the details are Python's RawConfigParser's):
 *   - [section], name = value or name: value; names in any case
 *   - comments are whole lines that begin with # or ;
 *   - a line indented deeper than the name above continues its value; under an
 *     empty value such lines are a block of name = value of their own, one level
 *   - config: [default], [profile NAME], [sso-session NAME], [services NAME], names
 *     in quotes where they hold blanks; credentials: [NAME]
 *   - of equal names the last one counts; equal sections are one
 *
 * A parsed file is never changed and lives in wiped memory as a whole, because any
 * value may be a key.  No message ever quotes a value. */
#ifndef CT_AWS_FILES_H
#define CT_AWS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "backend/base/err.h"

enum aws_file_kind { AWS_FILE_CONFIG, AWS_FILE_CREDENTIALS };

/* OTHER: a section that is none of these, such as [prod] in the config file, where
 * it should be [profile prod].  The tools pass over it; so do we, but can say so. */
enum aws_section { AWS_SECTION_PROFILE, AWS_SECTION_SSO_SESSION, AWS_SECTION_SERVICES, AWS_SECTION_OTHER };

#define AWS_FILE_MAX ((size_t)1 << 20)
#define AWS_FILE_ENTRIES_MAX 20000

struct aws_file;

/* ERR_NO_CREDENTIALS with "PATH:LINE: what is wrong" for a file that cannot be
 * understood.  `bytes` are copied. */
enum err aws_file_parse(const char *bytes, size_t n, enum aws_file_kind kind, const char *path, struct aws_file **out,
                        struct why *why) CHECKED;

/* ERR_NOT_FOUND when there is no such file, which is no mistake; ERR_NO_CREDENTIALS
 * when it cannot be read or understood.  *out_stat describes what was read, or
 * tried; it is zeroed when there is nothing. */
enum err aws_file_load(const char *path, enum aws_file_kind kind, struct aws_file **out, struct stat *out_stat,
                       struct why *why) CHECKED;

struct aws_file *aws_file_free(struct aws_file *f); /* wipes; NULL is fine; returns NULL */

/* The same bytes, whatever was read in between.  NULL is like nothing but NULL. */
bool aws_file_same(const struct aws_file *a, const struct aws_file *b);

bool aws_file_has(const struct aws_file *f, enum aws_section section, const char *name);

/* Borrowed from the file; NULL when it is not set or f is NULL.  `key` in lower
 * case; within a block "outer.inner".  out_line may be NULL. */
const char *aws_file_get(const struct aws_file *f, enum aws_section section, const char *name, const char *key,
                         int *out_line);

#endif
