/* A rotation in the journal.  Included after fixture.c. */
#include "backend/journal_view.h"

static void fix_line(struct journal_snap *s, uint64_t seq, const char *time, const char *kind, const char *operation,
                     const char *words)
{
    struct journal_row *r = &s->rows[s->n++];
    *r = (struct journal_row){.seq = seq, .time_ms = fix_at(time), .order = 2};
    str_copy(r->kind, sizeof(r->kind), kind);
    str_copy(r->login, sizeof(r->login), "ana");
    str_copy(r->client, sizeof(r->client), "10.4.0.7");
    str_copy(r->env, sizeof(r->env), "prod-eu");
    str_copy(r->name, sizeof(r->name), "rotate");
    str_copy(r->operation, sizeof(r->operation), operation);
    str_copy(r->words, sizeof(r->words), words);
    str_copy(r->resource, sizeof(r->resource), "app/prod-eu/pg");
    str_copy(r->version_before, sizeof(r->version_before), "9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01");
    str_copy(r->version_after, sizeof(r->version_after), "c4d1a6f0-7e21-4b3f-8f0e-5a1d2c3b4e5f");
}

static struct board *fix_board_journal(bool good)
{
    struct board *b = fix_board();
    struct journal_snap *s = mem_new(sizeof(*s) + 8 * sizeof(s->rows[0]));
    atomic_init(&s->snap.refs, 1);
    s->snap.destroy = fix_free;
    s->lines = 212;
    s->verified_wall_ms = b->wall_ms - 2000;
    s->report = (struct journal_report){.good = good, .lines = 212, .line = 97};
    str_copy(s->report.file, sizeof(s->report.file), "/var/lib/credtop/journal.jsonl");
    str_copy(s->report.words, sizeof(s->report.words), "changed: its hash is not that of its bytes (seq 97)");
    fix_line(s, 212, "2026-09-03T14:32:06Z", "outcome", "", "done: AWSCURRENT is c4d1a6f0-7e21-4b3f-8f0e-5a1d2c3b4e5f");
    fix_line(s, 211, "2026-09-03T14:32:06Z", "step", "finishSecret", "done: AWSCURRENT is c4d1a6f0");
    fix_line(s, 210, "2026-09-03T14:32:05Z", "call", "UpdateSecretVersionStage", "");
    fix_line(s, 209, "2026-09-03T14:32:04Z", "step", "testSecret", "done: logged in as app_rw");
    fix_line(s, 208, "2026-09-03T14:32:03Z", "call", "ALTER ROLE", "");
    fix_line(s, 207, "2026-09-03T14:31:58Z", "order", "", "");
    fix_line(s, 206, "2026-09-03T14:20:11Z", "refused", "", "AWSCURRENT has moved since you looked");
    fix_line(s, 205, "2026-09-02T09:12:40Z", "outcome", "", "failed: the database refuses the change");
    b->journal = s;
    return b;
}
