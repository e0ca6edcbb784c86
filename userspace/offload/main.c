// SPDX-License-Identifier: GPL-2.0-only
/* ditto-offload: the store process. dittod starts it with a socket. */

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "confine.h"
#include "hash.h"
#include "msg.h"
#include "service.h"

static bool socket_is_good(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return !getsockopt(OFFLOAD_FD, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

int main(void)
{
	struct why why;
	int rc;

	if (!socket_is_good()) {
		fputs("ditto-offload is started by dittod\n", stderr);
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!hash_init() || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		fputs("ditto-offload: libgcrypt or libcurl cannot be used\n", stderr);
		return EXIT_FAILURE;
	}
	if (!confine(&why)) {
		fprintf(stderr, "ditto-offload: %s\n", why.text);
		return EXIT_FAILURE;
	}
	rc = service_run(OFFLOAD_FD);
	if (rc) {
		fprintf(stderr, "ditto-offload: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
