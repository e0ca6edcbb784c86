// SPDX-License-Identifier: GPL-2.0-only
/* Files of the configuration: folders, files that change while they are read, and saved changes. */

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/command.h"
#include "config/config.h"
#include "config/config_file.h"
#include "config/config_save.h"
#include "mem.h"
#include "test.h"

static void unreadable_file(void)
{
	struct mistakes m;

	CHECK(!config_read("/nonexistent/ditto.conf", &m));
	SAME(m.count ? m.text[0] : NULL, "/nonexistent/ditto.conf: No such file or directory");
	mistakes_free(&m);
	CHECK(!config_read("/", &m));
	SAME(m.count ? m.text[0] : NULL, "/: Is a directory");
	mistakes_free(&m);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (CHECK(f))
		CHECK(fputs(text, f) >= 0 && !fclose(f));
}

/* A configuration knows which content of the file it is, and one that may be missing is empty. */
static void stamp_of_file(void)
{
	char path[] = "/tmp/ditto-config.XXXXXX";
	const struct config_file file = { path, true };
	struct config *first, *again, *none;
	struct config_texts before;
	int fd = mkstemp(path);

	if (!CHECK(fd >= 0))
		return;
	close(fd);
	write_file(path, "[server]\nthreads = 4");
	first = config_file_load(&file, NULL, &before);
	CHECK(before.n == 1);
	SAME(before.file[0].text, "[server]\nthreads = 4");
	config_texts_free(&before);
	again = config_file_load(&file, NULL, NULL);
	if (CHECK(first && again))
		CHECK(first->stamp.inode && file_stamp_same(&first->stamp, &again->stamp));
	config_free(again);
	write_file(path, "[server]\nthreads = 16");
	again = config_file_load(&file, NULL, NULL);
	if (CHECK(first && again))
		CHECK(!file_stamp_same(&first->stamp, &again->stamp));
	/* Only Btrfs makes snapshots by itself. */
	write_file(path, "[share a]\npath = /proc\nsnapshots = s\n");
	CHECK(command_check_config(&file, false) == EXIT_SUCCESS);
	write_file(path, "[share a]\npath = /proc\nsnapshots = s\nsnapshot-schedule = daily 1\n");
	CHECK(command_check_config(&file, false) == EXIT_SUCCESS);
	CHECK(!unlink(path));
	CHECK(!command_check_config(&file, false));
	none = config_file_load(&file, NULL, &before);
	SAME(before.file[0].text, "");
	CHECK(before.file[0].missing);
	config_texts_free(&before);
	if (CHECK(none && again))
		CHECK(!none->nshares && !none->stamp.inode &&
		      !file_stamp_same(&none->stamp, &again->stamp));
	config_free(none);
	config_free(again);
	config_free(first);
}

/* Read a configuration. Returns its first mistake, or NULL; the caller frees it. */
static char *first_mistake(const struct config_file *file)
{
	struct mistakes m;
	struct config *cfg = config_file_read(file, &m, NULL);
	char *text = m.count ? mem_string(m.text[0]) : NULL;

	CHECK(!cfg == !!text);
	config_free(cfg);
	mistakes_free(&m);
	return text;
}

/* A file that is removed as soon as a folder was listed, or NULL. */
static const char *vanishes;
/* One that is made when somebody asks whether it is a link, or as soon as a folder was listed. */
static const char *returns, *appears;
/* One that is empty when the next file is read, and then has this text. */
static const char *rewritten, *rewritten_text;

int scandir(const char *dir, struct dirent ***list, int (*filter)(const struct dirent *entry),
	    int (*order)(const struct dirent **a, const struct dirent **b))
{
	__typeof__(scandir) *real = dlsym(RTLD_NEXT, "scandir");
	int n = real(dir, list, filter, order);

	if (vanishes)
		CHECK(!unlink(vanishes));
	vanishes = NULL;
	if (appears)
		write_file(appears, "[share new]\npath = /new\n");
	appears = NULL;
	return n;
}

int lstat(const char *path, struct stat *st)
{
	if (returns)
		write_file(returns, "[share new]\npath = /new\n");
	returns = NULL;
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

size_t fread(void *data, size_t size, size_t count, FILE *file)
{
	__typeof__(fread) *real = dlsym(RTLD_NEXT, "fread");
	const char *path = rewritten;
	size_t n;

	rewritten = NULL;
	if (path)
		write_file(path, "");
	n = real(data, size, count, file);
	if (path)
		write_file(path, rewritten_text);
	return n;
}

/* What config_save_is_current() says, or "" if it is true. */
static const char *changed_since(const struct config_file *file, const struct config_texts *texts)
{
	static char said[200];
	FILE *log = tmpfile();
	int error = dup(STDERR_FILENO);
	bool same;
	size_t n;

	fflush(stderr);
	dup2(fileno(log), STDERR_FILENO);
	same = config_save_is_current(file, texts);
	fflush(stderr);
	dup2(error, STDERR_FILENO);
	close(error);
	rewind(log);
	n = fread(said, 1, sizeof(said) - 1, log);
	said[same ? 0 : n] = 0;
	fclose(log);
	return said;
}

/* Files of the folder are read in the order of their names, each with its own lines. */
static void files_of_folder(void)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
	} files[] = {
		{ "f", "[template t]\nread-only = yes\n[share a]\npath = /a\n", 0644 },
		{ "f.d/20-b.conf", "\n[share b]\npath = /b\ntemplate = t\nbrowse = no", 0600 },
		{ "f.d/10-c.conf", "[share c]\npath = /c\n[listener smb]\n", 0664 },
		/* None of these is read. */
		{ "f.d/30.conf.bak", "[share a]\n", 0644 }, { "f.d/30", "[share a]\n", 0644 },
		{ "f.d/.30.conf", "[share a]\n", 0644 },
	};
	static const struct {
		const char *text, *mistake;
		mode_t mode;
	} wrong[] = {
		{ "\n[share b]\npath = /x\n",
		  "f.d/40.conf:2: [share b] is there already, in f.d/20-b.conf:2", 0644 },
		{ "[listener nfs]\n\n[listener nfs]\ntransport = udp\n[listener nfs]\n",
		  "f.d/40.conf:5: [listener nfs tcp *] is there already, in line 1", 0644 },
		{ "[listener smb]\n",
		  "f.d/40.conf:1: [listener smb tcp *] is there already, in f.d/10-c.conf:3",
		  0644 },
		{ "[server]\n[share a]\npath = /x\n",
		  "f.d/40.conf:2: [share a] is there already, in f:3", 0644 },
		{ "path = /b\n", "f.d/40.conf:1: a key before the first [section]",
		  0644 },
		{ "[share d]\n\npath = /d\noffload-store = x\n",
		  "f.d/40.conf:1: [share d]: offload-store: there is no [store x]", 0644 },
		{ "", "f.d/40.conf: every user may write it: chmod o-w", 0646 },
	};
	char dir[] = "/tmp/ditto-config-XXXXXX", *mistake;
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct config_file file = { .path = "f" };
	struct config_texts texts;
	struct file_stamp stamp;
	struct config *cfg;
	size_t i;

	if (!CHECK(mkdtemp(dir)) || !CHECK(!chdir(dir)) || !CHECK(!mkdir("f.d", 0755)) ||
	    !CHECK(!mkdir("f.d/30-folder.conf", 0755)))
		return;
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		write_file(files[i].name, files[i].text);
		CHECK(!chmod(files[i].name, files[i].mode));
	}
	cfg = config_file_load(&file, NULL, &texts);
	if (CHECK(cfg)) {
		CHECK(cfg->nshares == 3 && texts.n == 3);
		SAME(cfg->shares[0]->name, "a");
		SAME(cfg->shares[1]->name, "c");
		SAME(cfg->shares[2]->name, "b");
		CHECK(cfg->shares[2]->read_only);
		SAME(config_place_find(cfg, "share", "b")->file, "f.d/20-b.conf");
		stamp = cfg->stamp;
		config_texts_free(&texts);
		config_free(cfg);
		/* A file more is another configuration. */
		write_file("f.d/40.conf", "");
		cfg = config_file_load(&file, NULL, NULL);
		CHECK(cfg && !file_stamp_same(&cfg->stamp, &stamp));
		config_free(cfg);
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		write_file("f.d/40.conf", wrong[i].text);
		CHECK(!chmod("f.d/40.conf", wrong[i].mode));
		mistake = first_mistake(&file);
		SAME(mistake ?: "", wrong[i].mistake);
		free(mistake);
	}
	/* A file that vanishes while the folder is read does not count. */
	vanishes = "f.d/40.conf";
	cfg = config_file_load(&file, NULL, &texts);
	if (CHECK(cfg && texts.n == 3 && !vanishes)) {
		CHECK(config_save_is_current(&file, &texts));
		/* The file that was changed is named. */
		write_file("f.d/20-b.conf", "[share b]\npath = /b2\n");
		SAME(changed_since(&file, &texts),
		     "dittod: f.d/20-b.conf was changed just now: dittoctl config apply\n");
		config_texts_free(&texts);
		config_free(cfg);
	}
	write_file("f.d/40.conf", "");
	/* What a link named is not taken for removed. */
	CHECK(!unlink("f.d/40.conf") && !symlink("nowhere", "f.d/40.conf"));
	mistake = first_mistake(&file);
	SAME(mistake, "f.d/40.conf: No such file or directory");
	free(mistake);
	CHECK(!unlink("f.d/40.conf") && !chmod("f.d", 0777));
	mistake = first_mistake(&file);
	SAME(mistake, "f.d: every user may write it: chmod o-w");
	free(mistake);
	CHECK(!chmod("f.d", 0755) && !chmod("f", 0666));
	mistake = first_mistake(&file);
	SAME(mistake, "f: every user may write it: chmod o-w");
	free(mistake);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		CHECK(!unlink(files[i].name));
	CHECK(!rmdir("f.d/30-folder.conf") && !rmdir("f.d") && !fchdir(home) && !rmdir(dir));
	close(home);
}

/* Editors remove files and make them anew, or write them in place. */
static void files_that_change(void)
{
	char dir[] = "/tmp/ditto-config-XXXXXX", *mistake;
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct config_file file = { .path = "f", .optional = true };
	struct config_texts texts;
	struct config *cfg;

	if (!CHECK(mkdtemp(dir)) || !CHECK(!chdir(dir)) || !CHECK(!mkdir("f.d", 0755)))
		return;
	write_file("f.d/a.conf", "[share a]\npath = /a\n");
	/* The file of all is not there for a moment. */
	appears = "f";
	cfg = config_file_load(&file, NULL, NULL);
	CHECK(cfg && cfg->nshares == 2 && !appears);
	config_free(cfg);
	/* One of the folder is made anew before it is known not to be a link. */
	vanishes = "f.d/a.conf";
	returns = "f.d/a.conf";
	write_file("f", "");
	cfg = config_file_load(&file, NULL, NULL);
	if (CHECK(cfg && cfg->nshares == 1 && !vanishes && !returns))
		SAME(cfg->shares[0]->name, "new");
	config_free(cfg);
	rewritten = "f";
	rewritten_text = "[share b]\npath = /b\n";
	write_file("f", "[share old]\npath = /old\n");
	cfg = config_file_load(&file, NULL, &texts);
	if (CHECK(cfg && cfg->nshares == 2 && !rewritten)) {
		SAME(cfg->shares[0]->name, "b");
		CHECK(config_save_is_current(&file, &texts));
		config_texts_free(&texts);
	}
	config_free(cfg);
	/* What a link named is not taken for removed. */
	CHECK(!unlink("f") && !symlink("nowhere", "f"));
	mistake = first_mistake(&file);
	SAME(mistake ?: "", "f: No such file or directory");
	free(mistake);
	CHECK(!unlink("f") && !unlink("f.d/a.conf") && !rmdir("f.d") && !fchdir(home) &&
	      !rmdir(dir));
	close(home);
}

/* Add sections to a file of a text. Returns the file, to be freed, or NULL if that is refused. */
static char *sections_added(const char *before, const char *more)
{
	char dir[] = "/tmp/ditto-config-XXXXXX", *path, *old, *text = NULL, *was, *input;
	struct config_file file;
	size_t len;
	FILE *in;

	CHECK(mkdtemp(dir));
	path = mem_print("%s/conf", dir);
	old = mem_print("%s.bak", path);
	input = mem_print("%s/input", dir);
	write_file(path, before);
	write_file(input, more);
	file = (struct config_file){ .path = path };
	CHECK(freopen(input, "r", stdin));
	if (!command_add_config(&file, true)) {
		in = fopen(path, "r");
		text = config_text_read(in, &len);
		fclose(in);
		in = fopen(old, "r");
		CHECK(!in == !strcmp(text, before));
		if (in) {
			was = config_text_read(in, &len);
			SAME(was, before);
			free(was);
			fclose(in);
		}
	}
	unlink(path);
	unlink(old);
	unlink(input);
	CHECK(!rmdir(dir));
	free(path);
	free(old);
	free(input);
	return text;
}

/* Comments stay, and so does the listener that a file means by naming none. */
static void sections_merged(void)
{
	static const char share[] = "[listener smb]\n\n[share b]\npath = /b\n";
	static const struct {
		const char *before, *more, *after;
	} files[] = {
		{ "", share, "[listener nfs]\n\n[listener smb]\n\n[share b]\npath = /b\n" },
		{ "", "[listener nfs]\n[share b]\npath = /b\n", "[share b]\npath = /b\n" },
		{ "[share b]\npath = /b\n", "[share b]c]\npath = /c\n",
		  "[share b]\npath = /b\n\n[share b]c]\npath = /c\n" },
		{ "# c\n[listener smb]\nport = 4445\n\n[server]\n# d\n\n[share a]\npath = /a",
		  "[server]\nmin-dialect = 3.0\n\n[listener nfs]\n\n[share b]\npath = /b\n",
		  "# c\n[listener smb]\nport = 4445\n\n[server]\nmin-dialect = 3.0\n# d\n\n"
		  "[share a]\npath = /a\n\n[listener nfs]\n\n[share b]\npath = /b\n" },
		{ "[share b]\npath = /a\n", share, NULL },
		/* What is the same stays as it is. */
		{ "[listener smb]\n[share b]\n# c\npath = /b\n", share,
		  "[listener smb]\n[share b]\n# c\npath = /b\n" },
		{ "[listener nfs]\n[share b]\npath = /b\nuser = x-x=read\nallow = *=ro\n",
		  "[share b]\npath=/b\nallow = *=ro\nuser = x-x=read\n[share c]\npath = /c\n",
		  "[listener nfs]\n[share b]\npath = /b\nuser = x-x=read\nallow = *=ro\n\n"
		  "[share c]\npath = /c\n" },
		{ "[share b]\npath = /b\nuser = x-x=read\n",
		  "[share b]\npath = /b\nuser = y-y=read\n", NULL },
		{ "[share b]\npath = /b\nuser = x-x=read\n",
		  "[share b]\npath = /b\ngroup = x-x=read\n", NULL },
		{ "[share b]\npath = /b\nuser = x-x=read\n", share, NULL },
		{ "[share b]\npath = /b\nread-only = yes\n", share, NULL },
		{ "[share b]\npath = /b\nmountpoint = yes\n", share, NULL },
		{ "[share b]\npath = /b\nallow = *=ro\n", share, NULL },
		{ "[server]\nmin_dialect = 3.0\n",
		  "[server]\nmin-dialect = 3.0\nrequire-signing = yes\n",
		  "[server]\nmin_dialect = 3.0\nrequire-signing = yes\n" },
		{ "[server]\nmin_dialect = 2.1\n", "[server]\nmin-dialect = 3.0\n", NULL },
		{ "[server]\nworkgroup = A\nserver_string = x\n",
		  "[server]\nworkgroup = A\nserver-string = x\nmin-dialect = 3.0\n",
		  "[server]\nworkgroup = A\nserver_string = x\nmin-dialect = 3.0\n" },
		{ "[server]\nworkgroup = A\n", "[server]\nworkgroup = B\n", NULL },
		{ "[server]\nnonsense\n", share, NULL },
		{ "", "[share b]\npath = b\n", NULL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		char *after = sections_added(files[i].before, files[i].more);

		SAME(after ?: "refused", files[i].after ?: "refused");
		free(after);
	}
}

/* A file takes the memory that it needs. */
static void memory_of_text(void)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000, 4194304, 4194305 };
	char *path = mem_string("/tmp/ditto-config-XXXXXX"), *text;
	size_t i, len;
	FILE *file = fdopen(mkstemp(path), "w+");

	for (i = 0; CHECK(file) && i < ARRAY_SIZE(sizes); i++) {
		CHECK(!ftruncate(fileno(file), (off_t)sizes[i]));
		rewind(file);
		text = config_text_read(file, &len);
		CHECK(!text == (sizes[i] > 4194304));
		if (!text)
			continue;
		CHECK(len == sizes[i] && !text[len]);
		CHECK(malloc_usable_size(text) <= 2 * (sizes[i] + 8192));
		free(text);
	}
	if (file)
		fclose(file);
	unlink(path);
	free(path);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(unreadable_file), TEST(stamp_of_file), TEST(files_of_folder),
		TEST(files_that_change), TEST(memory_of_text), TEST(sections_merged),
		{ NULL, NULL }
	};

	return test_main(tests);
}
