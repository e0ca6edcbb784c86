// SPDX-License-Identifier: GPL-2.0-only
/*
 * ditto-exporter: metrics over HTTP, for Prometheus. It needs no privileges. It listens on the
 * socket that systemd passes, or on a port of the loopback interface.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"
#include "exporter/metrics.h"
#include "nl/nl.h"

/* The first descriptor that systemd passes (sd_listen_fds(3)). */
#define SYSTEMD_FD	3
#define CONNECTIONS_MAX	16
#define IDLE_SECONDS	10
#define TEXT_TYPE	"text/plain; version=0.0.4; charset=utf-8"

static enum MHD_Result send_text(struct MHD_Connection *to, unsigned int status, const char *type,
				 const char *text, size_t len)
{
	void *copied = (void *)(uintptr_t)text;
	struct MHD_Response *response;
	enum MHD_Result good;

	response = MHD_create_response_from_buffer(len, copied, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	good = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) &&
	       MHD_queue_response(to, status, response) ? MHD_YES : MHD_NO;
	MHD_destroy_response(response);
	return good;
}

static enum MHD_Result send_metrics(struct MHD_Connection *to, struct conn *conn)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	enum MHD_Result good;

	if (!out)
		return MHD_NO;
	metrics_write(conn, out);
	good = fclose(out) ? MHD_NO : send_text(to, MHD_HTTP_OK, TEXT_TYPE, text, len);
	free(text);
	return good;
}

static enum MHD_Result answer_request(void *arg, struct MHD_Connection *from,
				      const char *url, const char *method, const char *version,
				      const char *body, size_t *body_len, void **state)
{
	static const char missing[] = "The metrics are at /metrics.\n";

	(void)version;
	(void)body;
	/* The first call is for the headers alone. */
	if (!*state) {
		*state = arg;
		return MHD_YES;
	}
	*body_len = 0;
	if (strcmp(url, "/metrics"))
		return send_text(from, MHD_HTTP_NOT_FOUND, "text/plain", missing, strlen(missing));
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return send_text(from, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", missing,
				 strlen(missing));
	return send_metrics(from, arg);
}

/* Returns a listening socket or a negative errno. */
static int listen_on(u16 port)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, error;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, SOMAXCONN))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* Whether systemd passed a socket to this process, and not to one that started it. */
static bool socket_is_passed(void)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	struct why why;
	u64 number;

	return fds && !strcmp(fds, "1") && pid && text_number(pid, 1, INT_MAX, &number, &why) &&
	       (pid_t)number == getpid();
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *server;
	struct conn conn;
	struct why why;
	u64 port;
	int fd = SYSTEMD_FD;

	if (argc == 2) {
		if (!text_number(argv[1], 1, 65535, &port, &why)) {
			fprintf(stderr, "ditto-exporter: %s\n", why.text);
			return EXIT_FAILURE;
		}
		fd = listen_on((u16)port);
		if (fd < 0) {
			fprintf(stderr, "ditto-exporter: port %s: %s\n", argv[1],
				strerror(-fd));
			return EXIT_FAILURE;
		}
	} else if (argc != 1 || !socket_is_passed()) {
		fputs("usage: ditto-exporter PORT, or without PORT by ditto-exporter.socket\n",
		      stderr);
		return EXIT_FAILURE;
	}
	if (conn_open(&conn)) {
		fprintf(stderr, "ditto-exporter: %s\n", conn.why.text);
		return EXIT_FAILURE;
	}
	/* One thread answers one request at a time, so nobody else uses the connection. */
	server = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer_request,
				  &conn, MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!server) {
		fputs("ditto-exporter: the HTTP server does not start\n", stderr);
		return EXIT_FAILURE;
	}
	for (;;)
		pause();
}
