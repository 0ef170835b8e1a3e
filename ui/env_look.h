/* How the table of environments looks: what an operator sets, and preferences keep. */
#ifndef CT_ENV_LOOK_H
#define CT_ENV_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/grid.h"

enum env_column {
#define COLUMN(id, head, width, rank, rank_wide, right, cell, key, help) ENV_COLUMN_##id,
#include "ui/env_columns.def"
#undef COLUMN
    ENV_COLUMNS
};

enum env_group { GROUP_BY_NOTHING, GROUP_BY_ACCOUNT, GROUP_BY_REGION, GROUP_BY_TAG, ENV_GROUPS };

#define TAG_MAX 64

struct env_look {
    enum env_column sort;
    bool reverse;
    uint32_t always, never; /* bits of enum env_column: shown however narrow; left out; else as there is room */
    enum env_group group;
    enum theme theme;
    char tag[TAG_MAX]; /* whose values group by */
};

#endif
