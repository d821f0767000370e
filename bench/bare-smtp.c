/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* bare-smtp: the yardstick of bench-handover: hands mails over as fast as a plain dialogue
 * goes, and does nothing else.
 *
 *     bare-smtp PORT CONNECTIONS FILE
 *
 * FILE is a sequence of "SENDER RECIPIENT SIZE\n" and SIZE bytes: a mail with its dots
 * stuffed and its final dot.  Connections to 127.0.0.1 are opened first and used until no
 * mail is left; commands are not pipelined, as libcurl does not either.  Prints the seconds
 * from the first command to the last reply.  Exit 1 when any reply is not as it should be. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define LINE_MAX_BYTES 1000 /* of a command or a reply line; RFC 5321 section 4.5.3.1 has 512 */

static struct {
    pthread_mutex_t lock;
    const char *at, *end; /* what is left of the file */
} mails = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* The next mail, *size_r bytes, and its envelope; or NULL. */
static const char *next_mail(char sender[LINE_MAX_BYTES], char recipient[LINE_MAX_BYTES],
                             size_t *size_r)
{
    const char *mail = NULL;
    char line[LINE_MAX_BYTES]; /* apart: sscanf() looks for the end of its whole string */

    pthread_mutex_lock(&mails.lock);
    if (mails.at < mails.end) {
        const char *lf = memchr(mails.at, '\n', (size_t)(mails.end - mails.at));
        size_t length = lf != NULL ? (size_t)(lf - mails.at) : sizeof line;
        if (length >= sizeof line)
            die("FILE");
        memcpy(line, mails.at, length);
        line[length] = '\0';
        if (sscanf(line, "%999s %999s %zu", sender, recipient, size_r) != 3)
            die("FILE");
        mail = lf + 1;
        mails.at = mail + *size_r;
    }
    pthread_mutex_unlock(&mails.lock);
    return mail;
}

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n <= 0)
            die("send");
        data += n;
        size -= (size_t)n;
    }
}

/* A reply, of several lines perhaps, and nothing behind it: we wait for each. */
static void expect(int fd, char want)
{
    char text[8 * LINE_MAX_BYTES];
    size_t used = 0, line = 0;

    for (;;) {
        ssize_t n = recv(fd, text + used, sizeof text - 1 - used, 0);
        if (n <= 0)
            die("recv");
        used += (size_t)n;
        text[used] = '\0';
        for (char *lf; (lf = strchr(text + line, '\n')) != NULL; line = (size_t)(lf + 1 - text))
            if (lf - text - (long)line > 3 && text[line + 3] == ' ') {
                if (text[line] == want)
                    return;
                fprintf(stderr, "%s", text + line);
                exit(1);
            }
    }
}

static void command(int fd, char want, const char *verb, const char *argument, const char *end)
{
    char line[LINE_MAX_BYTES + 20];
    int n = snprintf(line, sizeof line, "%s%s%s\r\n", verb, argument, end);

    send_all(fd, line, (size_t)n);
    expect(fd, want);
}

static int open_connection(int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    expect(fd, '2');
    command(fd, '2', "EHLO ", "bare.example.org", "");
    return fd;
}

static void *hand_over(void *data)
{
    int fd = *(int *)data;
    char sender[LINE_MAX_BYTES], recipient[LINE_MAX_BYTES];
    size_t size;

    for (const char *mail; (mail = next_mail(sender, recipient, &size)) != NULL;) {
        command(fd, '2', "MAIL FROM:<", sender, ">");
        command(fd, '2', "RCPT TO:<", recipient, ">");
        command(fd, '3', "DATA", "", "");
        send_all(fd, mail, size);
        expect(fd, '2');
    }
    return NULL;
}

static void map_file(const char *name)
{
    struct stat status;
    int fd = open(name, O_RDONLY);

    if (fd < 0 || fstat(fd, &status) != 0)
        die(name);
    mails.at = mmap(NULL, (size_t)status.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mails.at == MAP_FAILED)
        die(name);
    mails.end = mails.at + status.st_size;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    pthread_t threads[CONNECTIONS_MAX];
    int sockets[CONNECTIONS_MAX], n = argc == 4 ? atoi(argv[2]) : 0;

    if (n < 1 || n > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: bare-smtp PORT CONNECTIONS FILE\n");
        return 1;
    }
    map_file(argv[3]);
    for (int i = 0; i < n; i++)
        sockets[i] = open_connection(atoi(argv[1]));
    double begin = seconds();
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, hand_over, &sockets[i]) != 0)
            die("pthread_create");
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    printf("%.3f\n", seconds() - begin);
    return 0;
}
