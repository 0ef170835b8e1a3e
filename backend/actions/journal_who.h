/* Who is at the keyboard, as far as the machine knows. */
#ifndef CT_JOURNAL_WHO_H
#define CT_JOURNAL_WHO_H

#include <sys/types.h>

struct journal_who {
    char login[64]; /* of the audit system's login id, which su and sudo keep; else of the user id */
    uid_t uid;
    char client[64]; /* SSH client's address; "" none */
    char tty[64];    /* "" none */
};

void journal_who(struct journal_who *out); /* may ask the name service */

#endif
