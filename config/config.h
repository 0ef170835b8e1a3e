/* What an operator sets: credtop.conf, read with inih, validated whole.
 *
 * Knows nothing of the rest of credtop.  Every key is one row of settings.def,
 * from which reading, checking, the man page and credtop.conf.example all come.
 * Every mistake is reported at once, each as "file:line: what is wrong, what is
 * allowed".  A loaded configuration is never changed again: any thread reads it. */
#ifndef CT_CONFIG_H
#define CT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_kind { CONFIG_DEVELOPMENT, CONFIG_PRODUCTION };

/* Globs over the body of a log line: '*' is any run, all else is literal. */
struct config_patterns {
    const char *const *fetch, *const *hit, *const *fallback, *const *fetch_error, *const *db_error;
};

/* Text lists are NULL-terminated arrays, empty but never NULL themselves; a key
 * given several times appends. */
struct config_environment {
    const char *name;                            /* [environment NAME]: 1..63 of A-Z a-z 0-9 . _ - */
    int line;                                    /* where its section begins */
    enum config_kind mode;                       /* mode = development | production (the default) */
    bool protect;                                /* orders ask for the name to be typed; production: yes */
    const char *region;                          /* NULL: the profile's, then AWS_REGION */
    const char *profile;                         /* NULL: AWS_PROFILE, then "default" */
    const char *role_arn;                        /* role = ...: taken on with the profile's keys; NULL: none */
    const char *external_id, *role_session_name; /* of that role; NULL */
    const char *endpoint_url;                    /* NULL: the global one */
    const char *secret;                          /* name or ARN; required for production */
    const char *rotation;                        /* "auto", "aws", "credtop", "off": who rotates when it is ordered */
    const char *strategy;                        /* "single-user", "alternating-users"; NULL: not given */
    const char *superuser_secret;                /* name or ARN, for alternating users; NULL: the secret's masterarn */
    const char *const *log_groups;               /* default for a function: /aws/lambda/FUNCTION */
    const char *function;                        /* Lambda function name or ARN */
    const char *db_host, *db_name, *db_user, *db_sslmode, *db_sslrootcert; /* NULL: from the secret or .env */
    uint16_t db_port;                                                      /* 0: from the secret or .env */
    struct config_patterns patterns; /* each list its own, or where it has none that of [patterns] */
    const char *env_file; /* development: path, relative to the configuration file's folder (made absolute) */
};

struct config {
    const char *path; /* the file it came from */
    bool audit;       /* mode = audit */
    /* Audit mode may read functions' configurations; never true when the file is not root's. */
    bool audit_function_names;
    const char *endpoint_url; /* NULL: AWS's own */
    int64_t secret_poll_ms, log_poll_ms, database_poll_ms;
    int64_t backfill_ms;       /* how far back the logs are read at start */
    int64_t pending_stuck_ms;  /* AWSPENDING older than this is stuck */
    int64_t call_deadline_ms;  /* one AWS call, retries included */
    int64_t login_deadline_ms; /* one database login, all phases */
    unsigned secret_threads, log_threads, database_threads;
    bool server_filter;                                 /* FilterLogEvents with a pattern */
    const char *engine;                                 /* of the past: "auto", "page" (or NULL) or "insights" */
    unsigned insights_max_gb;                           /* estimated, all queries of a read together */
    unsigned quota_percent;                             /* of AWS's published request quotas */
    const char *notify;                                 /* "off", "bell", "desktop"; NULL: off */
    const char *quiet_hours;                            /* "22:00-07:00", hours_read(); NULL none */
    bool title;                                         /* the terminal's */
    const char *journal;                                /* absolute path, or "off"; NULL: where it is by itself */
    bool syslog;                                        /* the journal's hashes go there too */
    int64_t leave_after_ms;                             /* without a key; 0: not given */
    const char *aws_config_file, *aws_credentials_file; /* absolute; NULL: where the AWS tools look */
    struct config_patterns patterns;
    size_t nenvironments;
    const struct config_environment *environments; /* in the file's order */
};

/* Reads and validates.  On failure returns NULL and *out_errors is a malloc'd
 * text, one mistake a line (the caller frees it); otherwise *out_errors is NULL.
 * Reading never changes anything and never follows the network. */
struct config *config_load(const char *path, char **out_errors);
/* The defaults, and no environment: for what works without a file. */
struct config *config_blank(void);
/* What the file says of the mode; it need not name an environment. */
bool config_load_mode(const char *path, bool *out_audit, char **out_errors);
struct config *config_free(struct config *c); /* NULL is fine; returns NULL */

/* The same from bytes, for tests and the fuzzer; `path` names it in messages and
 * is what relative files are relative to. */
struct config *config_parse(const char *bytes, size_t n, const char *path, char **out_errors);

/* The file to read when none is named: $XDG_CONFIG_HOME/credtop/credtop.conf,
 * ~/.config/credtop/credtop.conf, /etc/credtop/credtop.conf; the first that
 * exists, else NULL.  *out_tried gets the list, for the message.  malloc'd. */
char *config_find(char **out_tried);

/* Whether a minute of the local day (0..1439) is in quiet_hours. */
bool config_is_quiet(const struct config *c, int minute);

/* What is in force, as a credtop.conf that reads back as the same configuration: behind each
 * value where it was given ("; FILE:LINE"), or that it is a default; keys without a value as
 * comments.  malloc'd. */
char *config_show(const struct config *c);

/* The annotated example and the man page's chapter, from the rows; malloc'd. */
char *config_example(void);
char *config_manual(void);

#endif
