/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Opens the ledger for a verb, as the right user and beside the daemon.
 *
 * Whoever opens the ledger may make its log (-wal, -shm).  Made by root it could lock out
 * the daemon, and root would follow whatever links the daemon's user has put there; so root
 * acts as the ledger's owner as long as it is open.  Others need the owner's rights. */
#include "ctl-ledger.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- which user */

/* Of a link its maker counts: he can put any file behind it. */
static gboolean find_owner(const char *path, struct stat *owner_r)
{
    if (lstat(path, owner_r) != 0)
        return FALSE;
    return owner_r->st_uid != 0 || stat(path, owner_r) == 0;
}

static void remember_self(CtlLedger *ledger)
{
    int n = getgroups(0, NULL);

    ledger->euid = geteuid();
    ledger->egid = getegid();
    ledger->groups = g_array_new(FALSE, TRUE, sizeof(gid_t));
    g_array_set_size(ledger->groups, (guint)MAX(n, 0));
    n = getgroups(n, (gid_t *)(gpointer)ledger->groups->data);
    g_array_set_size(ledger->groups, (guint)MAX(n, 0));
}

static gboolean become(const struct stat *owner)
{
    const struct passwd *entry = getpwuid(owner->st_uid);
    gid_t group = entry != NULL ? entry->pw_gid : owner->st_gid;
    int groups = entry != NULL ? initgroups(entry->pw_name, group) : setgroups(1, &group);

    return groups == 0 && setegid(group) == 0 && seteuid(owner->st_uid) == 0;
}

static void become_self(const CtlLedger *ledger)
{
    if (ledger->euid != 0 || geteuid() == 0)
        return;
    /* What follows writes files of the caller's: never as somebody else. */
    if (seteuid(0) != 0 || setegid(ledger->egid) != 0 ||
        setgroups(ledger->groups->len, (const gid_t *)(gpointer)ledger->groups->data) != 0)
        g_error("can't be root again: %s", g_strerror(errno));
}

static char *user_name(uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);
    return entry != NULL ? g_strdup(entry->pw_name) : g_strdup_printf("#%u", (unsigned)uid);
}

static int tell_permission(const Config *config)
{
    struct stat status;
    g_autofree char *self = user_name(geteuid());
    g_autofree char *owner = find_owner(config->ledger_path, &status) ? user_name(status.st_uid)
                             : *config->user != '\0'                  ? g_strdup(config->user)
                                                                      : g_strdup("root");

    ctl_complain("ledger %s: user %s may not read and write it and its directory; call certbundctl "
                 "as root or as user %s (sudo -u %s certbundctl ...)",
                 config->ledger_path, self, owner, owner);
    return EX_NOPERM;
}

/* The directory too: the log is made in it. */
static int check_access(const Config *config)
{
    g_autofree char *directory = g_path_get_dirname(config->ledger_path);

    if (faccessat(AT_FDCWD, config->ledger_path, R_OK | W_OK, AT_EACCESS) == 0 &&
        faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0)
        return EX_OK;
    if (errno == EACCES)
        return tell_permission(config);
    if (errno == ENOENT) {
        ctl_complain("ledger %s: there is none; certbund-milter makes it when it first starts "
                     "(or does -c name another config?)",
                     config->ledger_path);
        return EX_NOINPUT;
    }
    ctl_complain("ledger %s: %s", config->ledger_path, g_strerror(errno));
    return EX_TEMPFAIL;
}

/* ---- open and close */

static int open_ledger(CtlLedger *ledger)
{
    g_autoptr(GError) error = NULL;
    const char *path = ledger->config->ledger_path;
    struct stat owner;

    remember_self(ledger);
    if (geteuid() == 0 && find_owner(path, &owner) && owner.st_uid != 0 && !become(&owner)) {
        g_autofree char *name = user_name(owner.st_uid);
        ctl_complain("ledger %s: can't act as its owner %s: %s", path, name, g_strerror(errno));
        return EX_OSERR;
    }
    int status = check_access(ledger->config);
    if (status != EX_OK)
        return status;
    ledger->ledger = ledger_open(path, LEDGER_TOOL, &error);
    if (ledger->ledger != NULL)
        return EX_OK;
    status = ctl_failed(error);
    return status == CTL_WANTING ? EX_DATAERR : status;
}

int ctl_ledger_open(const CtlCall *call, CtlLedger **ledger_r)
{
    g_autoptr(CtlLedger) ledger = g_new0(CtlLedger, 1);

    ledger->config = ctl_load_config(call);
    if (ledger->config == NULL)
        return EX_CONFIG;
    int status = open_ledger(ledger);
    if (status == EX_OK)
        *ledger_r = g_steal_pointer(&ledger);
    return status;
}

void ctl_ledger_close(CtlLedger *ledger)
{
    if (ledger == NULL)
        return;
    ledger_close(ledger->ledger);
    if (ledger->groups != NULL) {
        become_self(ledger);
        g_array_unref(ledger->groups);
    }
    if (ledger->config != NULL)
        config_unref(ledger->config);
    g_free(ledger);
}

int ctl_failed(const GError *error)
{
    ctl_complain("%s", error->message);
    if (g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY))
        return EX_TEMPFAIL;
    return g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT) ? CTL_WANTING : EX_SOFTWARE;
}

/* ---- what is meant */

typedef struct {
    const char *id, *wanted;
    CtlThing *thing;
} Search;

static const char *value_of(const char *column, guint n, const char *const *columns,
                            const char *const *values)
{
    for (guint i = 0; i < n; i++)
        if (strcmp(columns[i], column) == 0 && values[i] != NULL)
            return values[i];
    return "";
}

/* The ledger's filter also takes names of states: those rows are passed over. */
static gboolean look_at(guint n, const char *const *columns, const char *const *values,
                        gpointer data)
{
    const Search *search = data;
    CtlThing *thing = search->thing;
    const char *id = value_of("id", n, columns, values);
    const char *name = value_of(thing->is_report ? "ticket" : "reference", n, columns, values);
    const char *state = value_of("state", n, columns, values);

    if (strcmp(search->id, id) != 0 && strcmp(search->id, name) != 0)
        return TRUE;
    if (thing->id == NULL || g_strcmp0(state, search->wanted) == 0) {
        ctl_thing_clear(thing);
        thing->id = g_strdup(thing->is_report ? id : name);
        thing->state = g_strdup(state);
    }
    return g_strcmp0(state, search->wanted) != 0;
}

gboolean ctl_find(Ledger *ledger, const char *id, const char *wanted, CtlThing *thing_r,
                  GError **error)
{
    Search search = { id, wanted, thing_r };

    *thing_r = (CtlThing){ .is_report = FALSE };
    if (!ledger_ask(ledger, LEDGER_NOTICES, id, look_at, &search, error))
        return FALSE;
    thing_r->is_report = thing_r->id == NULL;
    if (thing_r->is_report && !ledger_ask(ledger, LEDGER_REPORTS, id, look_at, &search, error))
        return FALSE;
    if (thing_r->id == NULL)
        error_input(error,
                    "the ledger has no notice and no report %s; expected a reference or a ticket, "
                    "such as A-7F3K2Q or CB-Report#20250212-10004759",
                    id);
    return thing_r->id != NULL;
}

void ctl_thing_clear(CtlThing *thing)
{
    g_clear_pointer(&thing->id, g_free);
    g_clear_pointer(&thing->state, g_free);
}
