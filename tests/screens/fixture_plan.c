/* A rotation that has been planned: order 5.  Included after fixture.c. */
static struct board *fix_board_planned(size_t env)
{
    static const struct {
        bool warning;
        const char *text;
    } lines[] = {
        {false, "GetSecretValue 9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01 (AWSCURRENT)"},
        {false, "log in as the user the secret names; pg_try_advisory_lock on the secret's ARN"},
        {false, "createSecret: PutSecretValue as AWSPENDING with a new password of 40 letters and digits"},
        {false, "setSecret: ALTER ROLE user PASSWORD 'SCRAM-SHA-256$...' (a verifier computed here), unless the database "
                "takes the new password already"},
        {false, "testSecret: a login with the new password; if it fails: ALTER ROLE back to AWSCURRENT's"},
        {false, "finishSecret: UpdateSecretVersionStage AWSCURRENT from 9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01 to the new "
                "version"},
        {false, "cancelling is safe until the first of these is sent, and not after it"},
        {true, "single user: from setSecret on, logins with the old password fail; warm containers hold it until they "
               "are replaced"},
    };
    struct board *b = fix_board();
    struct orders_snap *s = fix_snap(sizeof(*s), 0);
    struct order_view *o = &s->orders[s->n++];
    *o = (struct order_view){.id = 5, .kind = ORDER_ROTATE, .env = env, .state = ORDER_DONE, .dry_run = true};
    o->ordered_wall_ms = b->wall_ms - 400;
    o->ended_wall_ms = b->wall_ms - 310;
    str_copy(o->words, sizeof(o->words), "this is the plan; nothing was changed");
    str_copy(o->steps[0].name, sizeof(o->steps[0].name), "look");
    str_copy(o->steps[0].words, sizeof(o->steps[0].words), "AWSCURRENT is 9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01");
    o->steps[0].state = STEP_DONE;
    o->steps[0].took_ms = 80;
    o->nsteps = 1;
    str_copy(o->plan.seen_version, sizeof(o->plan.seen_version), "9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01");
    str_copy(o->plan.token, sizeof(o->plan.token), "c4d1a6f0-7e21-4b3f-8f0e-5a1d2c3b4e5f");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        o->plan.lines[i].warning = lines[i].warning;
        str_copy(o->plan.lines[i].text, sizeof(o->plan.lines[i].text), lines[i].text);
    }
    o->plan.nlines = ARRAY_LEN(lines);
    b->orders = s;
    return b;
}

/* And has been carried out. */
static inline struct board *fix_board_rotated(size_t env)
{
    static const char *const steps[] = {"find out", "createSecret", "setSecret", "testSecret", "finishSecret"};
    struct board *b = fix_board_planned(env);
    struct order_view *o = &((struct orders_snap *)(uintptr_t)b->orders)->orders[0];
    o->id = 6;
    o->dry_run = false;
    str_copy(o->words, sizeof(o->words), "AWSCURRENT is c4d1a6f0-7e21-4b3f-8f0e-5a1d2c3b4e5f, and the database takes it");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct order_step *p = &o->steps[o->nsteps++];
        str_copy(p->name, sizeof(p->name), steps[i]);
        str_copy(p->words, sizeof(p->words), i == 2 ? "ALTER ROLE app_rw, with a verifier" : "as planned");
        p->state = STEP_DONE;
        p->took_ms = 12;
    }
    return b;
}
