/* .env files, as the Node package dotenv reads them: KEY=value lines, `export`
 * allowed, '#' comments, single, double and back-tick quotes, \n in double
 * quotes, quoted values over several lines.  Of equal keys the last one counts,
 * so callers simply overwrite.
 *
 * The bytes hold passwords, so nothing is allocated or copied here: values are
 * unescaped in place and handed out as slices of the caller's buffer. */
#ifndef CT_DOTENV_H
#define CT_DOTENV_H

#include <stddef.h>

/* Called for each pair in order; the slices live as long as the caller's buffer. */
typedef void dotenv_pair_fn(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len);

/* Returns 0, or the 1-based line of the first mistake and what it is in *out_what
 * (a literal): a line that is no pair, a quote that nothing closes, a NUL byte, or
 * more than 1 MiB, of which nothing is read.  The package passes the others over in
 * silence, so all pairs are handed out, those after the mistake too.  The buffer is
 * changed and may hold remains of values anywhere: wipe all n bytes of it. */
int dotenv_parse(char *bytes, size_t n, dotenv_pair_fn *pair, void *ctx, const char **out_what);

#endif
