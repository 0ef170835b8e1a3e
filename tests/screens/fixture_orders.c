/* The story of fixture.c with orders given, and as audit mode sees it.  Included after it. */
/* Audit mode tries no login: the servers answer, or do not. */
static struct board *fix_board_audit(void)
{
    struct board *b = fix_board();
    b->audit = true;
    for (size_t i = 0; i < b->n; i++) {
        struct db_snap *d = (struct db_snap *)(uintptr_t)b->envs[i].db;
        if (b->envs[i].function)
            ((struct function_snap *)(uintptr_t)b->envs[i].function)->barred = true;
        d->result = i == FIX_LEGACY ? DB_UNREACHABLE : DB_REACHABLE;
        d->phase_us[PHASE_AUTH] = d->phase_us[PHASE_QUERY] = -1;
        d->sqlstate[0] = d->user[0] = d->version_id[0] = '\0';
        d->user_from = d->password_from = FROM_NOWHERE;
        d->used_connections = d->max_connections = -1;
        d->auth_method[0] = d->password_encryption[0] = '\0';
        d->server_version = 0;
        if (i != FIX_LEGACY)
            continue;
        d->failed = PHASE_CONNECT;
        d->phase_us[PHASE_CONNECT] = d->phase_us[PHASE_TLS] = -1;
        d->tls_protocol[0] = '\0';
        d->certificate = (struct db_certificate){.expires_ms = -1, .ca_expires_ms = -1};
        (void)why_set(&d->result_why, ERR_TIMEOUT, "no answer from 10.4.1.20 in 3000 ms");
    }
    return b;
}

/* -------------------------------------------------------------- orders */

static void fix_step(struct order_view *o, const char *name, enum step_state state, int32_t took_ms, const char *words)
{
    struct order_step *p = &o->steps[o->nsteps++];
    str_copy(p->name, sizeof(p->name), name);
    p->state = state;
    p->began_wall_ms = o->ordered_wall_ms + 100;
    p->took_ms = took_ms;
    str_copy(p->words, sizeof(p->words), words);
}

static void fix_login(const struct board *b, struct order_view *o, size_t stage, const char *sqlstate, int32_t us)
{
    static const char *const stages[STAGES_TESTED] = {"AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"};
    const struct secret_snap *s = b->envs[o->env].secret;
    struct stage_login *l = &o->logins[stage];
    const char *ids[STAGES_TESTED] = {s->current_id, s->pending_id, s->previous_id};
    str_copy(l->stage, sizeof(l->stage), stages[stage]);
    str_copy(l->version_id, sizeof(l->version_id), ids[stage]);
    l->total_us = us;
    l->tried = us >= 0;
    l->ok = l->tried && !sqlstate[0];
    l->code = l->ok || !l->tried ? ERR_OK : ERR_DB_AUTH;
    str_copy(l->sqlstate, sizeof(l->sqlstate), sqlstate);
    if (sqlstate[0])
        str_copy(l->words, sizeof(l->words), "authentication: password authentication failed for user \"app_rw\"");
}

static struct order_view *fix_order(struct orders_snap *s, uint64_t id, size_t env, const char *ordered,
                                    enum order_state state, const char *words)
{
    struct order_view *o = &s->orders[s->n++];
    o->id = id;
    o->kind = ORDER_TEST;
    o->env = env;
    o->state = state;
    o->ordered_wall_ms = fix_at(ordered);
    bool open = state == ORDER_WAITING || state == ORDER_RUNNING;
    o->ended_wall_ms = open ? -1 : o->ordered_wall_ms + 1340;
    o->cancellable = state == ORDER_RUNNING;
    str_copy(o->words, sizeof(o->words), words);
    return o;
}

/* A test that runs, one that failed, one that went well, one that was cancelled. */
static struct board *fix_board_ordered(void)
{
    struct board *b = fix_board();
    struct orders_snap *s = fix_snap(sizeof(*s), 0);
    struct order_view *o = fix_order(s, 4, FIX_PROD_EU, "2026-09-03T14:32:05.400Z", ORDER_RUNNING, "");
    fix_step(o, "login AWSCURRENT", STEP_DONE, 3, "logged in as app_rw in 3.1 ms");
    fix_step(o, "login AWSPREVIOUS", STEP_RUNNING, -1, "");
    fix_login(b, o, 0, "", 3100);
    fix_login(b, o, 1, "", -1);
    fix_login(b, o, 2, "", -1);
    o = fix_order(s, 3, FIX_LEGACY, "2026-09-03T14:31:12Z", ORDER_FAILED,
                  "AWSCURRENT: authentication: password authentication failed for user \"app_rw\"");
    fix_step(o, "login AWSCURRENT", STEP_FAILED, 5,
             "authentication: password authentication failed for user \"app_rw\"");
    fix_login(b, o, 0, "28P01", 5200);
    fix_login(b, o, 1, "", -1);
    fix_login(b, o, 2, "", -1);
    o = fix_order(s, 2, FIX_STAGE, "2026-09-03T14:20:00Z", ORDER_DONE, "the database takes AWSCURRENT");
    fix_step(o, "login AWSCURRENT", STEP_DONE, 2, "logged in as app_rw in 2.4 ms");
    fix_step(o, "login AWSPENDING", STEP_FAILED, 4,
             "authentication: password authentication failed for user \"app_rw\"");
    fix_step(o, "login AWSPREVIOUS", STEP_FAILED, 4,
             "authentication: password authentication failed for user \"app_rw\"");
    fix_login(b, o, 0, "", 2400);
    fix_login(b, o, 1, "28P01", 4100);
    fix_login(b, o, 2, "28P01", 4000);
    o = fix_order(s, 1, FIX_PROD_US, "2026-09-02T09:20:00Z", ORDER_CANCELLED, "cancelled; nothing was changed");
    fix_login(b, o, 0, "", -1);
    b->orders = s;
    return b;
}
