/* Connections put to sleep: for a latency, between two bytes, or for good.
 *
 * libmicrohttpd's threads are few, so none of them may wait; a connection is suspended
 * and one thread here resumes it when its time has come or its peer has gone. */
#ifndef CT_AWSIM_NAPS_H
#define CT_AWSIM_NAPS_H

#include <stdint.h>

struct MHD_Connection;
struct naps;

struct naps *naps_new(void);
/* Wakes all, and from now on every nap is over at once.  Before MHD_stop_daemon(). */
void naps_stop(struct naps *n);
struct naps *naps_free(struct naps *n); /* after MHD_stop_daemon() */

/* From a callback of the connection; until_mono_ms INT64_MAX: until the peer goes. */
void naps_take(struct naps *n, struct MHD_Connection *connection, int64_t until_mono_ms);

#endif
