/* The test order: for each labelled version of the secret, fetch it and log in.  The
 * label is asked for, not the version, so the answer is what a cold container would get.
 * Development environments have one login, with what .env says. */
#include <string.h>

#include "backend/actions/action.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/connection.h"
#include "backend/credentials/login.h"

static const char *const stages[STAGES_TESTED] = {"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"};

/* Which version has the label, as far as is known: "" none. */
static void known_versions(const struct action *a, struct stage_login logins[STAGES_TESTED], bool *out_known)
{
    const struct secret_snap *s = snapbox_get(a->watch->box, watch_slot(a->view.env, SLOT_SECRET));
    *out_known = s != NULL && s->snap.good_mono_ms != TIME_UNKNOWN;
    for (size_t i = 0; i < STAGES_TESTED && *out_known; i++) {
        const char *ids[STAGES_TESTED] = {s->current_id, s->pending_id, s->previous_id};
        (void)str_copy(logins[i].version_id, sizeof logins[i].version_id, ids[i]);
    }
    snap_unref(s);
}

static void note(struct stage_login *to, const struct login_result *r)
{
    to->tried = true;
    to->ok = r->ok;
    to->code = r->ok ? ERR_OK : r->why.code;
    to->total_us = r->total_us;
    (void)str_copy(to->sqlstate, sizeof to->sqlstate, r->sqlstate);
    (void)str_fmt(to->words, sizeof to->words, "%s%s%s", r->ok ? "" : db_phase_word(r->failed), r->ok ? "" : ": ",
                  r->ok                    ? ""
                  : r->why.text[0] != '\0' ? r->why.text
                                           : err_words(r->why.code));
}

/* One user has one password: of the versions for the user that AWSCURRENT has just
 * logged in as, the others should be refused. */
static bool is_expected(const struct action *a, const struct stage_login *login)
{
    const struct stage_login *current = &a->view.logins[LOGIN_CURRENT];
    return login != current && current->ok && login->code == ERR_DB_AUTH && strcmp(login->user, current->user) == 0;
}

static void log_in(struct action *a, struct stage_login *to, struct db_params *p)
{
    struct login_result r;
    login_try(p, a->watch->conf->login_deadline_ms, a->cancel, &r);
    note(to, &r);
    (void)str_copy(to->user, sizeof to->user, p->user);
    to->expected = is_expected(a, to);
    if (to->expected)
        (void)str_copy(to->words, sizeof to->words, "refused, as a password that is not the current one should be");
    if (to->expected)
        action_end(a, STEP_DONE, "%s", to->words);
    else if (r.ok)
        action_end(a, STEP_DONE, "logged in as %s in %d.%d ms", r.current_user, r.total_us / 1000,
                   r.total_us / 100 % 10);
    else
        action_end(a, STEP_FAILED, "%s", to->words);
}

void action_login(struct action *a, struct stage_login *to)
{
    const struct config_environment *conf = &a->watch->conf->environments[a->view.env];
    struct aws_target target = action_target(a);
    struct db_params p = {0};
    struct why why = {0};
    char step[48], line[260];
    action_versions(a, to->version_id, "");
    (void)str_fmt(step, sizeof step, "login %s", to->stage);
    action_begin(a, step);
    enum err err =
        connection_of_stage(conf, a->aws, &target, to->stage, a->watch->conf->call_deadline_ms, &p, a->cancel, &why);
    if (err == ERR_OK) {
        (void)str_copy(to->version_id, sizeof to->version_id, p.version_id);
        action_versions(a, to->version_id, "");
        log_in(a, to, &p);
    } else {
        to->code = err;
        (void)str_copy(to->words, sizeof to->words, why_line(&why, line, sizeof line));
        action_end(a, err == ERR_NOT_FOUND ? STEP_SKIPPED : STEP_FAILED, "%s",
                   err == ERR_NOT_FOUND ? "no value has this label" : line);
    }
    db_params_clear(&p);
}

static void test_development(struct action *a, struct stage_login *to)
{
    const struct config_environment *conf = &a->watch->conf->environments[a->view.env];
    struct db_params p = {0};
    struct why why = {0};
    action_begin(a, "login .env");
    (void)str_copy(to->stage, sizeof to->stage, ".env");
    enum err err = connection_of_file(conf, &p, &why);
    if (err == ERR_OK) {
        log_in(a, to, &p);
    } else {
        to->code = err;
        (void)str_copy(to->words, sizeof to->words, why.text);
        action_end(a, STEP_FAILED, "%s", why.text);
    }
    db_params_clear(&p);
}

/* What the logins mean together, and what to do about it. */
static void conclude(struct action *a)
{
    const struct stage_login *current = &a->view.logins[LOGIN_CURRENT], *pending = &a->view.logins[LOGIN_PENDING],
                             *previous = &a->view.logins[LOGIN_PREVIOUS];
    if (cancel_is_set(a->cancel))
        action_finish(a, ORDER_CANCELLED, "cancelled; nothing was changed");
    else if (current->ok)
        action_finish(a, ORDER_DONE, "the database takes %s", current->stage);
    else if (pending->ok)
        action_finish(a, ORDER_FAILED,
                      "the database takes AWSPENDING, not AWSCURRENT: a rotation stopped before "
                      "finishSecret; moving the label finishes it");
    else if (previous->ok)
        action_finish(a, ORDER_FAILED,
                      "the database takes AWSPREVIOUS, not AWSCURRENT: the new password never reached it");
    else
        action_finish(a, ORDER_FAILED, "%s: %s", current->stage, current->words);
}

void action_logins_begin(struct action *a)
{
    for (size_t i = 0; i < STAGES_TESTED; i++) {
        (void)str_copy(a->view.logins[i].stage, sizeof a->view.logins[i].stage, stages[i]);
        a->view.logins[i].total_us = -1;
    }
}

void action_run_test(struct action *a)
{
    bool known = false, one = a->order.stage[0] != '\0';
    action_logins_begin(a);
    if (a->watch->conf->environments[a->view.env].mode == CONFIG_DEVELOPMENT) {
        test_development(a, &a->view.logins[0]);
    } else if (one) { /* the label asked for stands in the first place */
        (void)str_copy(a->view.logins[0].stage, sizeof a->view.logins[0].stage, a->order.stage);
        action_login(a, &a->view.logins[0]);
    } else {
        known_versions(a, a->view.logins, &known);
        for (size_t i = 0; i < STAGES_TESTED && !cancel_is_set(a->cancel); i++)
            if (i == 0 || !known || a->view.logins[i].version_id[0] != '\0')
                action_login(a, &a->view.logins[i]);
    }
    conclude(a);
}
