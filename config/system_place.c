#include "config/system.h"

const char *system_conf_path(void)
{
    return "/etc/credtop/credtop.conf";
}

uid_t system_conf_owner(void)
{
    return 0;
}
