/* What a psql that the screen starts is given; apart for the tests. */
#ifndef CT_PSQL_H
#define CT_PSQL_H

#include "backend/credentials/flow.h"
#include "backend/model.h"

/* A line of .pgpass with the password: for this server and user, any database.
 * ERR_SETTING: none, or one that such a line cannot hold. */
enum err psql_passfile(const struct db_params *p, struct secret *line, struct why *why) CHECKED;
/* All the rest, as libpq's keywords; `fd` is where that line lies, in the child. */
void psql_conninfo(const struct db_params *p, int fd, char out[PSQL_CONNINFO_MAX]);

#endif
