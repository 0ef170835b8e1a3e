# The sandbox's environments: what each is, in the database, in Secrets Manager, in the
# fleet and in credtop.conf.  One row of environments_table each; what a row
# cannot say is said beside it.
# Sourced by sandbox.sh; needs $dir, $pg_port, $dead_port.
# shellcheck shell=bash

: "${dir?sourced by sandbox.sh}" "${endpoint?sourced by sandbox.sh}" "${dead_port?sourced by sandbox.sh}" "${pg_port?sourced by sandbox.sh}"

day=86400
main_account=111122223333
batch_account=444455556666

# name, region, days since the last rotation (- never), rotation every N days (- off),
# containers, fleet traits.  Traits: fetch in the module's initialisation (init) or in
# the handler; fallback=N containers that cannot fetch; stale=N that fetch before the
# rotation at start; hostile log lines; grow: new containers come; past: an hour of history;
# format=json|python: how its log is written, instead of Node.js's text.
environments_table() {
    cat <<'END'
prod-eu eu-central-1   12 30 3 past,grow
prod-us us-east-1       3 30 6 past,grow,init
prod-ap ap-southeast-1 30 30 5 past,rotate,stale=2
test    eu-central-1    5 30 3 past,fallback=1
legacy  eu-west-1       -  - 2 -
stage   eu-central-1   41 30 3 past,hostile
dr-eu   eu-west-1       8 30 2 -
batch   eu-central-1   20 90 2 past
json-eu eu-central-1    7 30 3 past,grow,init,format=json
py-us   us-east-1       9 30 2 past,format=python
END
}

declare -A password=() pending=() version=() pending_version=() previous_version=()
aws_key='' aws_secret=''
batch_key='' batch_secret=''

random_hex() {
    od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

random_uuid() {
    cat /proc/sys/kernel/random/uuid
}

random_key_id() {
    echo "AKIA$(random_hex 8 | tr a-f A-F)"
}

json_text() {
    local s=${1//\\/\\\\}
    s=${s//\"/\\\"}
    printf '"%s"' "$s"
}

sql_text() {
    printf "'%s'" "${1//\'/\'\'}"
}

# The database's names of an environment: app_prod_eu owns app_prod_eu.
role_of() {
    echo "app_${1//-/_}"
}

# The tag "team" of an environment's secret.
team_of() {
    case $1 in
    prod-*) echo payments ;;
    batch | json-eu | py-us) echo data ;;
    *) echo platform ;;
    esac
}

secret_of() {
    echo "$1/app/db"
}

account_of() {
    [[ $1 == batch ]] && echo "$batch_account" || echo "$main_account"
}

host_of() {
    # One environment goes through name resolution and the certificate's DNS name.
    [[ $1 == prod-us ]] && echo localhost || echo 127.0.0.1
}

port_of() {
    [[ $1 == dr-eu ]] && echo "$dead_port" || echo "$pg_port"
}

environments_draw() {
    local name rest
    while read -r name rest; do
        password[$name]=$(random_hex 16)
        pending[$name]=$(random_hex 16)
        version[$name]=$(random_uuid)
        pending_version[$name]=$(random_uuid)
        previous_version[$name]=$(random_uuid)
    done < <(environments_table)
    # Everything that JSON, SQL, libpq and dotenv could get wrong.
    password[prod-us]="p w\"'\\#\$%:@/ü=$(random_hex 12)"
    password[dev]="d'v #\$%:@/=$(random_hex 12)"
    aws_key=$(random_key_id) aws_secret=$(random_hex 20)
    batch_key=$(random_key_id) batch_secret=$(random_hex 20)
}

environments_sql() {
    local name
    for name in $(environments_table | cut -d' ' -f1) dev; do
        echo "CREATE ROLE $(role_of "$name") LOGIN CONNECTION LIMIT 20 PASSWORD $(sql_text "${password[$name]}");"
        echo "CREATE DATABASE $(role_of "$name") OWNER $(role_of "$name");"
        echo "REVOKE CONNECT ON DATABASE $(role_of "$name") FROM PUBLIC;"
    done
}

# ------------------------------------------------------------- awsim's seed

# What the secret of NAME says, with PASSWORD in it.
secret_string() {
    local role
    role=$(role_of "$1")
    if [[ $1 == batch ]]; then
        json_text "$2"
        return
    fi
    json_text "$(printf '{"engine":"postgres","host":"%s","port":%s,"username":"%s","password":%s,"dbname":"%s"}' \
        "$(host_of "$1")" "$(port_of "$1")" "$role" "$(json_text "$2")" "$role")"
}

# seed_version ID STAGES DAYS STRING
seed_version() {
    printf '{"id":"%s","stages":[%s],"created_ago_s":%d,"string":%s}' "$1" "$2" $(($3 * day)) "$4"
}

seed_secret() {
    local name=$1 region=$2 rotated=$3 every=$4 account value next
    account=$(account_of "$name")
    value=${password[$name]}
    # legacy: somebody changed the database's password and not the secret's.
    [[ $name == legacy ]] && value=$(random_hex 16)
    printf '{"account":"%s","region":"%s","name":"%s","tags":{"team":"'"$(team_of "$1")"'"},"description":"database login of %s","created_ago_s":%d' \
        "$account" "$region" "$(secret_of "$name")" "$name" $((400 * day))
    if [[ $rotated != - ]]; then
        next=$(((every - rotated) * day))
        [[ $name != prod-ap ]] || next=$((every * day))
        printf ',"rotation":{"enabled":true,"days":%d,"function":"arn:aws:lambda:%s:%s:function:rotate-%s"}' \
            "$every" "$region" "$account" "$name"
        printf ',"last_rotated_ago_s":%d,"next_rotation_in_s":%d' $((rotated * day)) "$next"
    else
        rotated=400
    fi
    printf ',"versions":['
    seed_version "${version[$name]}" '"AWSCURRENT"' "$rotated" "$(secret_string "$name" "$value")"
    if ((rotated < 400)); then
        printf ','
        seed_version "${previous_version[$name]}" '"AWSPREVIOUS"' $((rotated + every)) \
            "$(secret_string "$name" "$(random_hex 16)")"
    fi
    if [[ $name == stage ]]; then
        printf ','
        seed_version "${pending_version[$name]}" '"AWSPENDING"' 3 "$(secret_string "$name" "${pending[$name]}")"
    fi
    printf ']}'
}

seed_key() {
    printf '{"id":"%s","secret":"%s","arn":"arn:aws:%s","user_id":"%s"}' "$1" "$2" "$3" "$4"
}

# Keys: credtop's own two, and one for each environment's containers.
environments_seed() {
    local name region rotated every rest account comma=''
    printf '{"accounts":[\n'
    for account in "$main_account" "$batch_account"; do
        printf '%s{"id":"%s","keys":[' "$comma" "$account"
        if [[ $account == "$main_account" ]]; then
            seed_key "$aws_key" "$aws_secret" "iam::$account:user/ops" AIDAOPS
        else
            seed_key "$batch_key" "$batch_secret" "iam::$account:user/batch-ops" AIDABATCHOPS
        fi
        while read -r name rest; do
            [[ $(account_of "$name") == "$account" ]] || continue
            printf ',\n '
            seed_key "${fleet_key[$name]}" "${fleet_secret[$name]}" \
                "sts::$account:assumed-role/app-$name/app-$name" "AROA${name^^}:app-$name"
        done < <(environments_table)
        printf ']}'
        comma=$',\n'
    done
    printf '],\n"secrets":[\n'
    comma=''
    while read -r name region rotated every rest; do
        printf '%s' "$comma"
        seed_secret "$name" "$region" "$rotated" "$every"
        comma=$',\n'
    done < <(environments_table)
    printf '],\n"log_groups":[\n'
    comma=''
    while read -r name region rest; do
        printf '%s{"account":"%s","region":"%s","name":"/aws/lambda/app-%s"%s}' \
            "$comma" "$(account_of "$name")" "$region" "$name" \
            "$([[ $name == legacy ]] || echo ',"retention_days":30')" # legacy keeps its lines for ever
        comma=$',\n'
    done < <(environments_table)
    printf '],\n"functions":[\n'
    comma=''
    while read -r name region rest; do
        printf '%s{"account":"%s","region":"%s","name":"app-%s","modified_ago_s":259200,"update_ms":1500,"environment":' \
            "$comma" "$(account_of "$name")" "$region" "$name"
        function_variables "$name"
        printf '}'
        comma=$',\n'
    done < <(environments_table)
    # What the rotation functions trust; they rotate in the sandbox's own PostgreSQL.
    printf '],\n"rotation_ca":%s}\n' "$(json_text "$dir/ca.crt")"
}

# -------------------------------------------------------------- AWS profiles

declare -A fleet_key=() fleet_secret=()

fleet_keys_draw() {
    local name rest
    while read -r name rest; do
        fleet_key[$name]=$(random_key_id)
        fleet_secret[$name]=$(random_hex 20)
    done < <(environments_table)
}

profile_text() {
    printf '[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n\n' "$1" "$2" "$3"
}

# credtop's credentials file: the second account by profile; the first comes from the environment.
environments_profiles() {
    profile_text batch-ops "$batch_key" "$batch_secret"
}

# The containers' own: one identity an environment, in a file that only the fleet reads.
fleet_profiles() {
    local name rest
    while read -r name rest; do
        profile_text "fleet-$name" "${fleet_key[$name]}" "${fleet_secret[$name]}"
    done < <(environments_table)
}

# ------------------------------------------------------------ fleet's settings

has_trait() {
    [[ ,$1, == *,$2,* || ,$1, == *,$2=* ]]
}

trait_number() {
    local value=0
    [[ ,$1, =~ ,$2=([0-9]+), ]] && value=${BASH_REMATCH[1]}
    echo "$value"
}

# The word after "TRAIT="; text when the trait is not there.
trait_word() {
    local value=text
    [[ ,$1, =~ ,$2=([a-z]+), ]] && value=${BASH_REMATCH[1]}
    echo "$value"
}

trait_bool() {
    has_trait "$1" "$2" && echo true || echo false
}

# The Lambda's environment variables: no password among them.
fleet_variables() {
    local role
    role=$(role_of "$1")
    printf '{"NODE_ENV":"production","DB_SECRET_NAME":"%s","DB_HOST":"%s","DB_PORT":"%s","DB_NAME":"%s","DB_USER":"%s",' \
        "$(secret_of "$1")" "$(host_of "$1")" "$(port_of "$1")" "$role" "$role"
    printf '"DB_SSLMODE":"verify-full","DB_SSLROOTCERT":"%s/ca.crt"}' "$dir"
}

# What Lambda says of them: with the password, where containers fall back to it; and what
# else posture checks find: another secret's name, a mode that is not production.
function_variables() {
    local variables
    variables=$(fleet_variables "$1")
    [[ $1 != legacy ]] || variables=${variables/"$(secret_of legacy)"/legacy/old/db}
    [[ $1 != dr-eu ]] || variables=${variables/'"production"'/'"staging"'}
    if [[ $1 == test || $1 == prod-us ]]; then
        printf '%s,"DB_PASSWORD":%s}' "${variables%\}}" "$(json_text "${password[$1]}")"
    else
        printf '%s' "$variables"
    fi
}

fleet_settings() {
    local name region rotated every containers traits comma=''
    printf '{"environments":[\n'
    while read -r name region rotated every containers traits; do
        printf '%s{"name":"%s","account":"%s","region":"%s","profile":"fleet-%s",' \
            "$comma" "$name" "$(account_of "$name")" "$region" "$name"
        printf '"secret":"%s","group":"/aws/lambda/app-%s","function":"app-%s",' "$(secret_of "$name")" "$name" "$name"
        printf '"containers":%d,"fallback":%d,"stale":%d,"reconnect_every":%d,' "$containers" \
            "$(trait_number "$traits" fallback)" "$(trait_number "$traits" stale)" 6
        printf '"format":"%s",' "$(trait_word "$traits" format)"
        printf '"past":%s,"rotate":%s,"grow":%s,"hostile":%s,"fetch_in_init":%s,\n "variables":' \
            "$(trait_bool "$traits" past)" "$(trait_bool "$traits" rotate)" "$(trait_bool "$traits" grow)" \
            "$(trait_bool "$traits" hostile)" "$(trait_bool "$traits" init)"
        fleet_variables "$name"
        printf '}'
        comma=$',\n'
    done < <(environments_table)
    printf ']}\n'
}

# --------------------------------------------------------------- credtop.conf

environments_dotenv() {
    cat <<END
# The development environment of the sandbox: no Secrets Manager, this file instead.
NODE_ENV=development
DB_HOST=127.0.0.1
DB_PORT=$pg_port
DB_NAME=$(role_of dev)
DB_USER=$(role_of dev)
DB_PASSWORD="${password[dev]}"
END
}

environments_conf() {
    local name region rest
    cat <<END
# Written by tests/sandbox/sandbox.sh; everything in it ends with the sandbox.
[credtop]
endpoint_url = $endpoint
journal = $dir/journal/journal.jsonl
syslog = no
secret_poll = 5s
log_poll = 1s
database_poll = 5s
backfill = 3h
call_deadline = 5s
login_deadline = 3s
END
    while read -r name region rest; do
        printf '\n[environment %s]\nmode = production\nprotect = %s\nregion = %s\nsecret = %s\nfunction = app-%s\n' \
            "$name" "$([[ $name == prod-* ]] && echo yes || echo no)" "$region" "$(secret_of "$name")" "$name"
        printf 'db_sslmode = verify-full\ndb_sslrootcert = %s/ca.crt\n' "$dir"
        # Audit mode reads no secret: it learns from here which server to try.
        [[ $name != prod-eu && $name != dr-eu ]] ||
            printf 'db_host = %s\ndb_port = %s\n' "$(host_of "$name")" "$(port_of "$name")"
        # A secret that is a password alone: the rest stands here.
        [[ $name == batch ]] || continue
        printf 'profile = batch-ops\ndb_host = %s\ndb_port = %s\ndb_name = %s\ndb_user = %s\n' \
            "$(host_of "$name")" "$(port_of "$name")" "$(role_of "$name")" "$(role_of "$name")"
    done < <(environments_table)
    printf '\n[environment dev]\nmode = development\nenv_file = dev.env\n'
    printf 'db_sslmode = verify-full\ndb_sslrootcert = %s/ca.crt\n' "$dir"
}

# What a shell sources before it starts credtop.
environments_shell() {
    cat <<END
export AWS_ACCESS_KEY_ID=$aws_key
export AWS_SECRET_ACCESS_KEY=$aws_secret
export AWS_REGION=eu-central-1
export AWS_DEFAULT_REGION=eu-central-1
export AWS_ENDPOINT_URL=$endpoint
export AWS_EC2_METADATA_DISABLED=true
export AWS_SHARED_CREDENTIALS_FILE=$(printf %q "$dir/credentials")
export AWS_CONFIG_FILE=$(printf %q "$dir/config")
export CREDTOP_CONF=$(printf %q "$dir/credtop.conf")
export XDG_STATE_HOME=$(printf %q "$dir/state")
export SANDBOX_DIR=$(printf %q "$dir")
unset AWS_PROFILE AWS_SESSION_TOKEN
END
}
