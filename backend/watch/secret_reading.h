/* Secrets Manager's description of a secret -> snapshot fields.  DescribeSecret and the
 * entries of ListSecrets are alike but for the name of the label map. */
#ifndef CT_SECRET_READING_H
#define CT_SECRET_READING_H

#include "backend/aws/json.h"
#include "backend/model.h"

void secret_blank(struct secret_snap *s); /* nothing known: times -1 */
/* Whether its labels, if it tells any, are lists of names by version.  From an answer where they
 * are not nobody may conclude that the secret has none. */
bool secret_labels_make_sense(const json_t *o);
void secret_read_description(const json_t *o, struct secret_snap *s);
void secret_note_created(struct secret_snap *s, const json_t *version); /* a row of ListSecretVersionIds */
void secret_sort_versions(struct secret_snap *s);
bool secret_same_labels(const struct secret_snap *a, const struct secret_snap *b);
void secret_keep_dates(struct secret_snap *s, const struct secret_snap *old); /* creation dates known before */

/* When AWSCURRENT came to where it is, and how long AWSPENDING has been elsewhere. */
void secret_find_since(struct secret_snap *s, const struct secret_snap *old, int64_t now_wall_ms);

#endif
