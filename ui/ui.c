#include "ui/ui.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "ui/grid.h"
#include "ui/notify.h"
#include "ui/ordering.h"
#include "ui/orders.h"
#include "ui/picture.h"
#include "ui/psql.h"
#include "ui/remembered.h"
#include "ui/screen.h"
#include "ui/signals.h"
#include "ui/term.h"

#define FRAME_KEYS_MS 15  /* frames for keys that follow one another: as soon as an eye sees */
#define FRAME_DATA_MS 250 /* from data: 4 a second */
#define KEYS_PER_TURN 256
#define RESTRICTED_LEAVE_MS INT64_C(3600000)

struct ui {
    struct backend *backend;
    struct term *term;
    struct screen *screen;
    struct grid *grid;
    const struct ui_settings *set;
    int64_t drawn_ms;     /* monotonic, of the last frame, */
    int64_t key_drawn_ms; /* and of the last one for a key: data must not make keys wait */
    int64_t key_ms;       /* monotonic, of the last key */
    int64_t second;       /* wall second the picture shows */
    uint64_t bytes_then;  /* term_bytes() when bytes_per_s was taken */
    int64_t rate_ms;
    uint64_t psql; /* the order whose psql is to be started; 0 none */
    char psql_path[4096];
    struct notify notify;
    size_t focus;                    /* what backend_focus() was last told */
    char *preferences_path;          /* NULL: nothing is kept */
    struct preferences *preferences; /* as they are in the file */
    bool want_key, want_data;        /* a frame is due because of keys; because of data or the clock */
    bool news;                       /* there is something newer than the screen's board */
    bool forsaken;                   /* nobody has pressed a key for too long */
    bool quit;
};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

/* AWS's clock: what the ages of its answers are counted from. */
static int64_t wall_now_ms(const struct ui *u)
{
    return clock_wall_ms(clock_real()) + u->screen->board->clock_skew_ms;
}

static void fit_grid(struct ui *u)
{
    int rows = 0, cols = 0;
    term_size(u->term, &rows, &cols);
    if (u->grid && u->grid->rows == rows && u->grid->cols == cols)
        return;
    grid_free(u->grid);
    u->grid = grid_new(rows, cols, term_utf8(u->term));
}

static void order_one(struct ui *u)
{
    struct why why = {0};
    bool psql = u->screen->wish.kind == ORDER_PSQL;
    bool there = !psql || psql_find(u->psql_path, sizeof(u->psql_path), &why) == ERR_OK;
    uint64_t id = there ? backend_order(u->backend, &u->screen->wish, &why) : 0;
    ordering_done(u->screen, id, &why);
    u->psql = psql && id ? id : u->psql;
}

static void order(struct ui *u)
{
    do
        order_one(u);
    while (ordering_next(u->screen));
}

/* The newest of everything, for a frame: not at each ring of the doorbell, which a thousand
 * environments ring dozens of times a second. */
static void look(struct ui *u)
{
    if (u->news)
        screen_update(u->screen, backend_board(u->backend));
    u->news = false;
    notify_tell(&u->notify, u->screen, u->term);
    if (ordering_next(u->screen)) /* the one before is done */
        order(u);
}

static void draw(struct ui *u)
{
    look(u);
    int64_t wall = wall_now_ms(u);
    screen_now(u->screen, now_ms(), wall);
    fit_grid(u);
    screen_draw(u->screen, u->grid);
    if (!term_draw(u->term, u->grid))
        return; /* the terminal is slow: the newest picture goes when it can */
    u->drawn_ms = now_ms();
    if (u->want_key)
        u->key_drawn_ms = u->drawn_ms;
    u->want_key = u->want_data = false;
    if (screen_is_looking(u->screen))
        u->want_key = true; /* a part of the events at a time: keys come in between */
    u->second = wall / 1000;
}

/* The code leaves the screen's memory with the answer, whatever becomes of it. */
static void answer(struct ui *u, unsigned effects)
{
    struct question *q = &u->screen->question;
    if (!backend_mfa_answer(u->backend, q->what.id, effects & EFFECT_CODE ? q->code : NULL))
        screen_say(u->screen, "the code came too late: it is asked for no more");
    question_close(q);
}

/* What was typed before the question was there is dropped: it was meant for something else. */
static void look_for_question(struct ui *u)
{
    struct mfa_view what;
    uint32_t press = 0;
    bool wanted = backend_mfa_wanted(u->backend, &what);
    bool fresh = wanted && !(u->screen->question.open && u->screen->question.what.id == what.id);
    question_put(&u->screen->question, wanted ? &what : NULL);
    for (int i = 0; fresh && i < KEYS_PER_TURN && term_key(u->term, &press); i++)
        ;
}

/* The credentials have come: the terminal is psql's until it ends. */
static void start_psql(struct ui *u)
{
    struct psql_start start;
    struct why why = {0};
    int status = 0;
    bool leave = false;
    if (u->psql == 0 || !backend_psql_take(u->backend, u->psql, &start))
        return;
    u->psql = 0;
    term_suspend(u->term);
    enum err err = psql_run(u->psql_path, &start, u->set->signals, &status, &leave, &why);
    u->quit = u->quit || leave;
    if (leave)
        return; /* the terminal is given back already */
    term_resume(u->term);
    screen_now(u->screen, now_ms(), wall_now_ms(u));
    u->screen->told = 0; /* that the password was handed over is old news now */
    if (err != ERR_OK)
        screen_say(u->screen, "%s", why.text);
    else
        screen_say(u->screen, "psql has ended with status %d", status);
    u->want_key = true;
}

static void cancel_order(struct ui *u)
{
    bool stopped = backend_order_cancel(u->backend, u->screen->order);
    screen_say(u->screen, "order %u %s", (unsigned)u->screen->order,
               stopped ? "is asked to stop" : "cannot be stopped any more");
}

/* What is on the screen now, without the line that asked for it. */
static void save(struct ui *u)
{
    char path[PICTURE_PATH];
    struct why why = {0};
    if (u->set->restricted) {
        screen_say(u->screen, "saving is off: restricted mode writes no file");
        return;
    }
    char *folder = preferences_folder();
    screen_draw(u->screen, u->grid);
    if (picture_save(u->grid, u->screen->save_as, folder, wall_now_ms(u), path, &why) == ERR_OK)
        screen_say(u->screen, "saved: %s", path);
    else
        screen_say(u->screen, "not saved: %s", why.text);
    free(folder);
}

static void act(struct ui *u, unsigned effects)
{
    if (effects & (EFFECT_CODE | EFFECT_NO_CODE))
        answer(u, effects);
    u->want_key = u->want_key || (effects & (EFFECT_REDRAW | EFFECT_REPAINT));
    u->quit = u->quit || (effects & EFFECT_QUIT);
    if (effects & EFFECT_REPAINT)
        term_repaint(u->term);
    if (effects & EFFECT_THEME)
        term_theme(u->term, u->screen->look.theme);
    if (effects & EFFECT_MOUSE)
        term_mouse(u->term, u->screen->mouse);
    if (effects & EFFECT_COPY)
        term_copy(u->term, u->screen->copied);
    if (effects & EFFECT_SAVE)
        save(u);
    if (effects & EFFECT_ORDER)
        order(u);
    if (effects & EFFECT_CANCEL)
        cancel_order(u);
    if (effects & EFFECT_REFRESH)
        backend_refresh(u->backend, u->screen->env);
    if (effects & EFFECT_REFRESH_ALL)
        backend_refresh(u->backend, SIZE_MAX);
}

static unsigned click(struct ui *u)
{
    struct term_click c = term_click(u->term);
    return screen_click(u->screen, u->grid, c.y, c.x, c.wheel);
}

static void take_keys(struct ui *u)
{
    uint32_t press = 0;
    screen_now(u->screen, now_ms(), wall_now_ms(u));
    for (int i = 0; i < KEYS_PER_TURN && !u->quit && term_key(u->term, &press); i++)
        act(u, press == PRESS_MOUSE ? click(u) : screen_key(u->screen, press));
    u->key_ms = now_ms();
}

static void take_signals(struct ui *u)
{
    unsigned got = signals_read(u->set->signals);
    u->quit = u->quit || (got & SIGNALS_QUIT);
    if ((got & SIGNALS_STOP) && !u->set->audit) {
        term_suspend(u->term);
        signals_stop_here();
        term_resume(u->term);
        got |= signals_read(u->set->signals); /* with the SIGCONT that woke us: it is answered */
        u->want_key = true;
    } else if (got & SIGNALS_CONTINUE) {
        term_suspend(u->term); /* stopped by force: the shell has had the terminal */
        term_resume(u->term);
        u->want_key = true;
    }
    if (got & SIGNALS_RESIZE) {
        term_resized(u->term);
        u->want_key = true;
    }
}

static void take_data(struct ui *u)
{
    look_for_question(u);
    start_psql(u);
    u->want_data = u->news = true;
}

/* Without a key for so long somebody has gone away and left the screen to whoever comes by.
 * What is under way is not left alone. */
static bool is_forsaken(const struct ui *u, int64_t now)
{
    int64_t most = u->screen->board->conf->leave_after_ms;
    const struct orders_snap *o = u->screen->board->orders;
    if (most == 0)
        most = u->set->restricted ? RESTRICTED_LEAVE_MS : INT64_MAX;
    for (size_t i = 0; o && i < o->n; i++)
        if (order_is_open(&o->orders[i]))
            return false;
    return now - u->key_ms >= most;
}

/* Once a second: ages and the clock move on, whether or not anything came. */
static void take_second(struct ui *u)
{
    int64_t now = now_ms();
    if (wall_now_ms(u) / 1000 == u->second)
        return;
    if (now - u->rate_ms >= 1000) {
        uint64_t sent = term_bytes(u->term) - u->bytes_then;
        u->screen->bytes_per_s = (unsigned)(sent * 1000 / (uint64_t)(now - u->rate_ms));
        u->bytes_then = term_bytes(u->term);
        u->rate_ms = now;
    }
    u->want_data = true;
    u->news = u->news || !u->screen->paused;
    u->forsaken = is_forsaken(u, now);
    u->quit = u->quit || u->forsaken;
}

static void tell_focus(struct ui *u)
{
    size_t focus = screen_focus(u->screen);
    if (focus != u->focus)
        backend_focus(u->backend, focus);
    u->focus = focus;
    backend_look_at_journal(u->backend, u->screen->view == VIEW_JOURNAL);
    backend_look_at_posture(u->backend, u->screen->view == VIEW_POSTURE);
}

/* When the next frame may be drawn, or the next second begins. */
static int wait_ms(const struct ui *u)
{
    int64_t second = 1000 - wall_now_ms(u) % 1000;
    int64_t due = u->want_key    ? u->key_drawn_ms + FRAME_KEYS_MS
                  : u->want_data ? u->drawn_ms + FRAME_DATA_MS
                                 : INT64_MAX / 2;
    due -= now_ms();
    if (term_busy(u->term))
        due = 1000; /* POLLOUT comes first */
    due = due < second ? due : second;
    return due < 0 ? 0 : (int)due;
}

static void turn(struct ui *u)
{
    struct pollfd p[3] = {
        {.fd = term_fd(u->term), .events = (short)(POLLIN | (term_busy(u->term) ? POLLOUT : 0))},
        {.fd = u->set->signals, .events = POLLIN},
        {.fd = backend_wake_fd(u->backend), .events = POLLIN},
    };
    if (poll(p, 3, wait_ms(u)) < 0)
        return; /* EINTR: look again */
    if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        term_hangup(u->term);
    if (p[0].revents & POLLOUT)
        term_flush(u->term);
    if (p[0].revents & POLLIN)
        take_keys(u);
    if (p[1].revents & POLLIN)
        take_signals(u);
    if (p[2].revents & POLLIN) {
        backend_wake_drain(u->backend);
        take_data(u);
    }
    take_second(u);
    tell_focus(u);
    u->quit = u->quit || term_gone(u->term);
    int64_t now = now_ms();
    bool key_due = u->want_key && now - u->key_drawn_ms >= FRAME_KEYS_MS;
    bool data_due = u->want_data && now - u->drawn_ms >= FRAME_DATA_MS;
    if (!u->quit && (key_due || data_due))
        draw(u);
}

/* Who leaves while an order is under way is told, on the terminal that is the shell's again. */
static void tell_unfinished(const struct ui *u)
{
    struct board *now = backend_board(u->backend);
    for (size_t i = 0; now->orders && i < now->orders->n; i++) {
        const struct order_view *o = &now->orders->orders[i];
        if (order_is_open(o) && order_is_planned(o->kind) && !o->dry_run)
            (void)fprintf(stderr,
                          "credtop: %s of %s was under way (%s); what AWS has been told to do goes on there: "
                          "`credtop journal show` has what was sent, `credtop test %s` tells who gets in\n",
                          order_title(o->kind), now->envs[o->env].conf->name,
                          o->nsteps > 0 ? o->steps[o->nsteps - 1].name : "not begun", now->envs[o->env].conf->name);
    }
    now = board_free(now);
}

/* How the screen looked last time. */
static void remember(struct ui *u)
{
    char *error = NULL;
    u->preferences_path = u->set->restricted ? NULL : preferences_path();
    if (!u->preferences_path)
        return;
    u->preferences = mem_new(sizeof(*u->preferences));
    if (!preferences_load(u->preferences_path, u->preferences, &error)) {
        error[strcspn(error, "\n")] = '\0'; /* the first will do */
        screen_say(u->screen, "%s", error);
    }
    free(error);
    remembered_apply(u->screen, u->preferences);
    remembered_take(u->screen, u->preferences);
    term_theme(u->term, u->screen->look.theme);
    term_mouse(u->term, u->screen->mouse);
}

/* Written when it has changed; a failure is said when the terminal is the shell's again. */
static void keep(struct ui *u)
{
    char *error = NULL;
    if (!u->preferences_path)
        return;
    struct preferences *now = mem_new(sizeof(*now));
    remembered_take(u->screen, now);
    if (memcmp(now, u->preferences, sizeof(*now)) != 0 && !preferences_save(u->preferences_path, now, &error)) {
        log_line(LOG_WARN, "%s", error);
        free(error);
    }
    free(now);
    free(u->preferences);
    free(u->preferences_path);
}

enum err ui_run(struct backend *b, const struct ui_settings *s, struct why *why)
{
    struct term_settings terminal = {
        .ascii = s->ascii, .no_color = s->no_color, .locked = s->audit, .log_fd = s->log_fd};
    struct ui u = {.backend = b, .set = s, .focus = SIZE_MAX, .notify = {.restricted = s->restricted}};
    u.term = term_open(&terminal, why);
    if (!u.term)
        return why->code;
    struct screen_settings screen = {.audit = s->audit, .restricted = s->restricted};
    u.screen = screen_new(&screen, backend_board(b));
    u.rate_ms = u.key_ms = now_ms();
    remember(&u);
    draw(&u); /* before the first answer, and before anybody else wants the processor */
    enum err err = backend_go(b, why);
    while (err == ERR_OK && !u.quit)
        turn(&u);
    keep(&u);
    u.term = term_close(u.term);
    if (u.forsaken)
        (void)fprintf(stderr, "credtop: left after %lld s without a key (leave_after)\n",
                      (long long)((now_ms() - u.key_ms) / 1000));
    tell_unfinished(&u);
    u.screen = screen_free(u.screen);
    u.grid = grid_free(u.grid);
    return err;
}
