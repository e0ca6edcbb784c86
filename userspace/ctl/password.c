// SPDX-License-Identifier: GPL-2.0-only
/* Input of passwords. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "password.h"

/*
 * A line that is too long is read to its end. One with NUL bytes, such as UTF-16, would be a
 * password of one character.
 */
static bool read_line(int fd, char *buf, size_t size, struct why *why)
{
	bool fits = true, text = true;
	size_t len = 0;
	char c = '\0';
	ssize_t rc;

	while ((rc = read(fd, &c, 1)) == 1 && c != '\n') {
		text = text && c;
		fits = len + 1 < size;
		if (!fits)
			continue;
		buf[len++] = c;
	}
	if (rc < 0)
		return why_not(why, "no password: %s", strerror(errno));
	if (!rc && !len)
		return why_not(why, "no password: the input is at its end");
	if (!fits)
		return why_not(why, "the password is longer than %zu bytes", size - 1);
	if (!text)
		return why_not(why, "the password has a NUL byte: it must be UTF-8");
	if (len && buf[len - 1] == '\r')
		len--;
	buf[len] = '\0';
	return true;
}

bool password_line(char *buf, size_t size, struct why *why)
{
	return read_line(STDIN_FILENO, buf, size, why);
}

/* The signal that arrived, or 0; set by the handler. */
static int caught;

static void on_signal(int number)
{
	__atomic_store_n(&caught, number, __ATOMIC_RELAXED);
}

static const int ending[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP };

/* The echo is restored before a signal ends the program. */
static bool read_hidden(const char *prompt, char *buf, size_t size, struct why *why)
{
	struct sigaction catch = { .sa_handler = on_signal }, old[ARRAY_SIZE(ending)];
	struct termios shown, hidden;
	int number;
	size_t i;
	bool good;

	if (tcgetattr(STDIN_FILENO, &shown))
		return why_not(why, "no terminal to ask for the password: use --password-stdin");
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	__atomic_store_n(&caught, 0, __ATOMIC_RELAXED);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &catch, &old[i]);
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	good = read_line(STDIN_FILENO, buf, size, why);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &old[i], NULL);
	number = __atomic_load_n(&caught, __ATOMIC_RELAXED);
	if (number)
		raise(number);
	return good && !number;
}

bool password_ask(const char *name, char *buf, size_t size, struct why *why)
{
	char prompt[300], again[1024];
	bool good;

	snprintf(prompt, sizeof(prompt), "Password of %s: ", name);
	if (!read_hidden(prompt, buf, size, why))
		return false;
	good = read_hidden("Again: ", again, sizeof(again), why);
	if (good && strcmp(buf, again))
		good = why_not(why, "the two are not the same");
	explicit_bzero(again, sizeof(again));
	return good;
}
