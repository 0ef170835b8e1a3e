/* The command line, from the rows of options.def: parsing, --help, the man
 * page's chapter and the completions. */
#ifndef CT_OPTIONS_H
#define CT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum options_command {
    COMMAND_DASHBOARD,
    COMMAND_STATUS,
    COMMAND_TEST,
    COMMAND_ROTATE,
    COMMAND_RECYCLE,
    COMMAND_JOURNAL,
    COMMAND_LOG_EVENTS,
    COMMAND_DOCTOR,
    COMMAND_DISCOVER,
    COMMAND_CONFIG,
    COMMAND_VERIFY,
    COMMAND_REPORT
};
enum options_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_PROMETHEUS, FORMAT_MARKDOWN };

struct options {
    enum options_command command;
    enum options_format format;
    const char *config_path; /* NULL: config_find() */
    const char *log_path;    /* NULL: no log */
    bool audit;              /* --audit: only ever tightens */
    bool restricted;         /* --restricted: implies `audit`; the system's configuration alone */
    bool ascii, no_color;
    bool help, version;
    const char *operand;       /* test, rotate, recycle, verify, events: the environment's name; journal: "show",
                                  "verify", "tail"; config: "check", "show"; NULL where it may be left out */
    const char *second;        /* config: the file; NULL: as --config says */
    const char *source;        /* verify: a folder; NULL */
    bool dry_run, yes, finish; /* rotate, recycle: plan alone; do not ask; rotate: finish what is half done */
    bool cancel;               /* rotate: stop what AWS rotates instead; not with `finish` */
    bool roll_back;            /* rotate: back to the version before; not with those */
    const char *strategy;      /* rotate: "single-user", "alternating-users"; NULL: as configured */
    const char *stage;         /* test: one staging label; NULL: each */
    int64_t since_ms;          /* journal: how far back; 0: all.  Else of the logs; 0: as configured */
    bool follow;               /* events: go on with what comes */
    const char *kinds;         /* events: "fetch,fallback"; NULL: all but invocations */
    const char *regions;       /* discover: "eu-west-1,eu-central-1"; NULL: the profile's, then AWS_REGION */
    const char *profile;       /* discover: whose keys; NULL: AWS_PROFILE, then "default" */
    const char *output;        /* discover: the file to make; NULL: standard output */
    const char *head;          /* journal: a hash that must be there; NULL */
    const char *journal_file;  /* journal: the file to read; NULL: the configuration's */
    int64_t timeout_ms;        /* give up waiting for answers after this */
};

/* Returns true, or false with one message (malloc'd, "credtop: ...") saying what
 * is wrong and what is allowed.  Strings point into argv. */
bool options_parse(int argc, char *const argv[], struct options *out, char **out_error);

char *options_help(void);   /* --help; malloc'd */
char *options_manual(void); /* roff rows for credtop(1); malloc'd */

#endif
