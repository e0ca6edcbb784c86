// SPDX-License-Identifier: GPL-2.0-only
/* ditto-offload: the store process. dittod starts it with a socket. */

#include <curl/curl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "confine.h"
#include "fault.h"
#include "object/hash.h"
#include "msg.h"
#include "service.h"

/* Only buffers larger than chunks' are mapped. This is the largest value that malloc takes. */
#define BUFFER_MAPPED	(32 << 20)
/* Bytes of freed memory that are kept until the process is idle. */
#define BUFFERS_KEPT	(256 << 20)

static bool socket_is_good(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return !getsockopt(OFFLOAD_FD, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

/* libcurl can be built without signatures. */
static bool curl_can_sign(void)
{
	CURL *easy = curl_easy_init();
	bool good = easy && !curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, "aws:amz");

	curl_easy_cleanup(easy);
	return good;
}

int main(void)
{
	struct why why;
	int rc;

	if (!socket_is_good()) {
		fputs("ditto-offload is started by dittod\n", stderr);
		return EXIT_FAILURE;
	}
	fault_init();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!hash_init() || curl_global_init(CURL_GLOBAL_DEFAULT) || !curl_can_sign()) {
		fputs("ditto-offload: libgcrypt or libcurl cannot be used\n", stderr);
		return EXIT_FAILURE;
	}
	if (!confine(&why)) {
		fprintf(stderr, "ditto-offload: %s\n", why.text);
		return EXIT_FAILURE;
	}
	/* The buffers of chunks are used again, instead of cleared by the kernel each time. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, BUFFER_MAPPED);
	mallopt(M_TRIM_THRESHOLD, BUFFERS_KEPT);
	rc = service_run(OFFLOAD_FD);
	if (rc) {
		fprintf(stderr, "ditto-offload: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
