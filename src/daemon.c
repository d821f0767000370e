/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Owner, group and mode of the socket are set while we still may, then root is
 * given up for good. */
#include "daemon.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The path of a unix socket, or NULL for inet. */
static const char *socket_path(const Config *config)
{
    static const char *const prefixes[] = { "unix:", "local:" };
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(config->socket, prefixes[i]))
            return config->socket + strlen(prefixes[i]);
    return config->socket[0] == '/' ? config->socket : NULL;
}

static gboolean find_user(const char *name, uid_t *uid_r, gid_t *gid_r, GError **error)
{
    const struct passwd *entry = getpwnam(name); /* before any thread is started */
    if (entry == NULL) {
        error_input(error, "[milter] user=%s: no such user; expected an existing one, or nothing",
                    name);
        return FALSE;
    }
    *uid_r = entry->pw_uid;
    *gid_r = entry->pw_gid;
    return TRUE;
}

/* A later start as the user himself must be able to open the lock. */
static void give_to_user(int fd, const Config *config)
{
    uid_t uid;
    gid_t gid;
    if (geteuid() == 0 && *config->user != '\0' && find_user(config->user, &uid, &gid, NULL))
        (void)!fchown(fd, uid, gid);
}

gboolean daemon_lock_socket(const Config *config, GError **error)
{
    const char *path = socket_path(config);
    if (path == NULL)
        return TRUE;
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_temporary(error, "%s: can't make this file: %s", lock, g_strerror(errno));
        return FALSE;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error_temporary(error, "%s: another certbund-milter serves this socket", path);
        close(fd);
        return FALSE;
    }
    give_to_user(fd, config);
    return TRUE; /* fd stays open: the lock is the process's */
}

/* Only what differs: who is not root may have no right to ask for what is so already by
 * a set-gid directory, and under a system call filter no chown() at all. */
static gboolean give(int fd, const struct stat *now, uid_t uid, gid_t gid)
{
    if ((uid == (uid_t)-1 || uid == now->st_uid) && (gid == (gid_t)-1 || gid == now->st_gid))
        return TRUE;
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0;
}

/* We may be root in a directory of somebody else's, who could put a link in the
 * socket's place: what is changed is what was opened, and that is a socket. */
static gboolean adorn(const char *path, uid_t uid, gid_t gid, guint mode, GError **error)
{
    int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    g_autofree char *opened = g_strdup_printf("/proc/self/fd/%d", fd);
    struct stat status = { .st_mode = S_IFSOCK };
    gboolean fine = fd >= 0 && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)
        && give(fd, &status, uid, gid) && chmod(opened, mode) == 0;

    if (!fine)
        error_input(error, "%s: can't set its group and mode: %s%s", path,
                    fd >= 0 && !S_ISSOCK(status.st_mode) ? "no socket" : g_strerror(errno),
                    errno != EPERM ? ""
                                   : "; expected a start as root, or a directory of this group "
                                     "that is set-gid");
    if (fd >= 0)
        close(fd);
    return fine;
}

gboolean daemon_adorn_socket(const Config *config, GError **error)
{
    const char *path = socket_path(config);
    uid_t uid = (uid_t)-1;
    gid_t gid = (gid_t)-1, primary;

    if (path == NULL)
        return TRUE;
    if (geteuid() == 0 && *config->user != '\0'
        && !find_user(config->user, &uid, &primary, error))
        return FALSE;
    if (*config->group != '\0') {
        const struct group *entry = getgrnam(config->group);
        if (entry == NULL) {
            error_input(error, "[milter] group=%s: no such group; expected an existing one, "
                               "or nothing", config->group);
            return FALSE;
        }
        gid = entry->gr_gid;
    }
    return adorn(path, uid, gid, config->socket_mode, error);
}

/* With what is missing above it (0755: others pass through).  For root only: path and
 * the directories above it are root's, so that nobody else can put a link in its place. */
static gboolean make_for_user(const Config *config, const char *path, guint mode, GError **error)
{
    uid_t uid;
    gid_t gid;

    if (!find_user(config->user, &uid, &gid, error))
        return FALSE;
    g_autofree char *parent = g_path_get_dirname(path);
    mode_t mask = umask(022);
    gboolean fine = g_mkdir_with_parents(parent, 0755) == 0 && mkdir(path, mode) == 0
        && lchown(path, uid, gid) == 0;
    umask(mask);
    if (!fine)
        error_temporary(error, "%s: can't make this directory: %s", path, g_strerror(errno));
    return fine;
}

gboolean daemon_make_state_directory(const Config *config, GError **error)
{
    g_autofree char *path = config_state_directory(config);

    return geteuid() != 0 || *config->user == '\0' || g_file_test(path, G_FILE_TEST_EXISTS)
        || make_for_user(config, path, 0750, error);
}

/* The owner of the nearest directory above path that is there. */
static uid_t owner_above(const char *path)
{
    g_autofree char *above = g_path_get_dirname(path);
    struct stat status = { .st_uid = 0 };

    while (lstat(above, &status) != 0 && strcmp(above, "/") != 0 && strcmp(above, ".") != 0) {
        char *next = g_path_get_dirname(above);
        g_free(above);
        above = next;
    }
    return status.st_uid;
}

gboolean daemon_prepare_gnupg_home(const Config *config, GError **error)
{
    const char *path = config->gnupg_home;

    if (geteuid() != 0 || *config->user == '\0' || g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!daemon_make_state_directory(config, error))
        return FALSE;
    return owner_above(path) != 0 || make_for_user(config, path, DAEMON_GNUPG_MODE, error);
}

gboolean daemon_make_gnupg_home(const Config *config, GError **error)
{
    const char *path = config->gnupg_home;

    if (g_mkdir_with_parents(path, DAEMON_GNUPG_MODE) == 0)
        return TRUE;
    error_temporary(error, "gnupg-home=%s: can't make this directory: %s", path,
                    g_strerror(errno));
    return FALSE;
}

gboolean daemon_become_user(const Config *config, GError **error)
{
    uid_t uid;
    gid_t gid;

    if (*config->user == '\0')
        return TRUE;
    if (!find_user(config->user, &uid, &gid, error))
        return FALSE;
    if (geteuid() != 0) {
        if (geteuid() == uid)
            return TRUE;
        error_input(error, "[milter] user=%s: only root can become another user; expected to be "
                           "started as root or as this user, or user= left empty", config->user);
        return FALSE;
    }
    if (initgroups(config->user, gid) != 0 || setresgid(gid, gid, gid) != 0
        || setresuid(uid, uid, uid) != 0) {
        error_temporary(error, "can't become user %s: %s", config->user, g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static void poke_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (fd >= 0) {
        (void)connect(fd, (const struct sockaddr *)&address, sizeof address);
        close(fd);
    }
}

/* place: "PORT@HOST", or "PORT" for any host, hence loopback. */
static void poke_inet(const char *place)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    g_auto(GStrv) parts = g_strsplit(place, "@", 2);
    struct addrinfo *list = NULL;

    if (parts[0] == NULL || getaddrinfo(parts[1], parts[0], &hints, &list) != 0)
        return;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
            continue;
        (void)connect(fd, a->ai_addr, a->ai_addrlen);
        close(fd);
    }
    freeaddrinfo(list);
}

/* A start as root must not succeed with files that no reload can read. */
gboolean daemon_check_readable(const Config *config, GError **error)
{
    g_autofree char *own = g_canonicalize_filename(config->path, NULL);
    const char *const files[] = { own, config->customers_path };

    for (guint i = 0; i < G_N_ELEMENTS(files); i++)
        if (access(files[i], R_OK) != 0) {
            error_input(error, "%s: user %s can't read it: %s; expected a file that a reload can "
                               "read", files[i], config->user, g_strerror(errno));
            return FALSE;
        }
    for (char **directory = config->template_directories; *directory != NULL; directory++)
        if (access(*directory, R_OK | X_OK) != 0 && errno == EACCES) {
            error_input(error, "%s: user %s can't read this directory; expected one that a reload "
                               "can read", *directory, config->user);
            return FALSE;
        }
    return TRUE;
}

void daemon_poke_socket(const Config *config)
{
    const char *path = socket_path(config), *colon = strchr(config->socket, ':');
    if (path != NULL)
        poke_unix(path);
    else if (g_str_has_prefix(config->socket, "inet") && colon != NULL)
        poke_inet(colon + 1);
}

/* The protocol of sd_notify(3) is this datagram; '@' is for the abstract namespace. */
void daemon_tell_ready(void)
{
    static const char ready[] = "READY=1";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = g_getenv("NOTIFY_SOCKET");
    gsize length = path != NULL ? strlen(path) : 0;

    if (length < 2 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, ready, strlen(ready), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

void daemon_raise_limits(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}
