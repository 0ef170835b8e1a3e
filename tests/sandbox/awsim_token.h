/* Page tokens: opaque to clients, bound to the parameters they were given for, and
 * refused when they were made up, altered or (where AWS says so) a day old. */
#ifndef CT_AWSIM_TOKEN_H
#define CT_AWSIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#define TOKEN_MAX 1024      /* as sent, with the NUL */
#define TOKEN_PLACE_MAX 128 /* what it carries */
#define TOKEN_DAY_MS (24LL * 3600 * 1000)

/* `salt` is the simulator's; `bind` a hash of the parameters.  issued_ms 0: the
 * token never expires, and the same place gives the same token. */
void token_make(const char *salt, const char *bind, int64_t issued_ms, const char *place, char out[TOKEN_MAX]);
bool token_open(const char *salt, const char *bind, int64_t now_ms, const char *token, char out_place[TOKEN_PLACE_MAX]);

#endif
