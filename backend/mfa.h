/* A code of an MFA device, on its way from the operator to the thread that needs it.
 *
 * One question at a time, and one thread that waits for it: a second is told to come
 * back, so that a pool never stands still because nobody is at the keyboard.  What was
 * turned down, or stayed without an answer, is not asked again before mfa_again(). */
#ifndef CT_MFA_H
#define CT_MFA_H

#include "backend/aws/identity.h"
#include "backend/base/wake.h"
#include "backend/model.h"

struct mfa;
/* `wake` is rung when there is a question, or none any more.  NULL, and errno, when the machine has
 * no descriptor left. */
struct mfa *mfa_new(struct wake *wake);
struct mfa *mfa_free(struct mfa *m); /* after every thread that may ask; NULL is fine */

/* For identity_store_set_mfa(); ctx is the struct mfa.  Waits up to five minutes. */
enum err mfa_ask(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1], struct cancel *c,
                 struct why *why) CHECKED;

/* The main thread's side: copying, never waiting. */
bool mfa_wanted(struct mfa *m, struct mfa_view *out);
bool mfa_answer(struct mfa *m, uint64_t id, const char *code); /* NULL: turned down; false: no such question, no code */
void mfa_again(struct mfa *m);

#endif
