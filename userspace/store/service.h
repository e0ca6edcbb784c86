/* SPDX-License-Identifier: GPL-2.0-only */
/* The service: takes the requests of dittod, one after the other. */
#ifndef _DITTO_OFFLOAD_SERVICE_H
#define _DITTO_OFFLOAD_SERVICE_H

/**
 * service_run - serve dittod
 * @fd: the socket
 *
 * Return: 0 when dittod has closed the socket, or a negative errno.
 */
int service_run(int fd);

#endif
