/* One container's log: lines as Lambda writes them, gathered and sent to awsim.
 * Formats: AWS Lambda Developer Guide, "Monitoring and logging"; the console lines of
 * the Node.js and Python runtimes. */
#ifndef CT_FLEET_LINES_H
#define CT_FLEET_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/fleet_settings.h"
#include "tests/sandbox/fleet_sim.h"

struct fleet_lines {
    const struct fleet_env_settings *env; /* borrowed */
    char stream[128];
    struct strbuf events; /* a JSON list without its brackets */
    size_t n;
    int64_t last_ms; /* the newest time stamp so far */
};

/* `stream_date_ms` is when the container starts; `hex` the 32 digits of its stream's name. */
void fleet_lines_init(struct fleet_lines *l, const struct fleet_env_settings *env, int64_t stream_date_ms,
                      const char *hex);
void fleet_lines_clear(struct fleet_lines *l);

/* Platform lines, in the environment's log format. */
void fleet_lines_init_start(struct fleet_lines *l, int64_t at_ms, const char *hex64);
void fleet_lines_start(struct fleet_lines *l, int64_t at_ms, const char *request);
/* END and REPORT; init_hundredths: 0 for a warm one. */
void fleet_lines_report(struct fleet_lines *l, int64_t at_ms, const char *request, int64_t took_hundredths,
                        int64_t init_hundredths, int memory_mb);
/* A console line: time, request id ("undefined" outside a request), level. */
void fleet_lines_console(struct fleet_lines *l, int64_t at_ms, const char *request, const char *level,
                         const char *text);
/* Raw bytes, as a careless program prints them. */
void fleet_lines_hostile(struct fleet_lines *l, int64_t at_ms, const char *request, unsigned which);

/* Sends what was gathered; what awsim has confirmed is searchable. */
enum err fleet_lines_send(struct fleet_lines *l, struct fleet_sim *sim, struct why *why) CHECKED;

#endif
