/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

#define NSEC_PER_SEC INT64_C (1000000000)

/* Shared with the other implementations of the protocol. */
#define LOCK_FOLDER "/tmp/zerobuffer"
#define LOCK_SUFFIX ".lock"

/* Where the C library keeps shared memory and named semaphores. */
#define SHM_FOLDER "/dev/shm"

/* "/sem.sem-w-" and the longest name. */
#define OBJECT_NAME_SIZE (ZB_NAME_MAX + 16)

/* How often zb_platform_semaphore_look () does: for some 20 us. */
#define LOOKS 1000

static ZbResult
fail_errno (ZbError *error, int os_error, const char *what, const char *name)
{
  ZbResult result = ZB_SYSTEM;

  if (os_error == EACCES || os_error == EPERM)
    result = ZB_PERMISSION;
  else if (os_error == ENOSPC)
    result = ZB_NO_SPACE;
  else if (os_error == ENOENT)
    result = ZB_NOT_READY;
  return zb_fail (error, result, os_error, "Cannot %s \"%s\": %s.", what, name,
      strerror (os_error));
}

static ZbResult
fail_memory (ZbError *error)
{
  return zb_fail (error, ZB_SYSTEM, ENOMEM, "Out of memory.");
}

/* ---- time ---- */

int64_t
zb_platform_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t
zb_platform_deadline (int64_t timeout)
{
  int64_t now = zb_platform_now ();

  if (timeout < 0)
    timeout = 0;
  return timeout > ZB_FOREVER - now ? ZB_FOREVER : now + timeout;
}

static struct timespec
to_timespec (int64_t time)
{
  struct timespec spec = { .tv_sec = time / NSEC_PER_SEC,
    .tv_nsec = time % NSEC_PER_SEC };

  return spec;
}

void
zb_platform_sleep (int64_t duration)
{
  struct timespec left = to_timespec (duration);

  while (clock_nanosleep (CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
    ;
}

void
zb_platform_yield (void)
{
  sched_yield ();
}

/* ---- locks ---- */

struct ZbLock {
  int folder;
  int fd;
  uid_t owner;
  char file[ZB_NAME_MAX + sizeof LOCK_SUFFIX];
};

static ZbResult
fail_folder (ZbError *error, const char *problem)
{
  return zb_fail (error, ZB_PERMISSION, 0,
      "The lock folder " LOCK_FOLDER " %s. Expected a folder that root or this "
      "user owns, with mode 1777: remove it, or have root create it.",
      problem);
}

/* Only root and ourselves may own it: an owner can take locks away.  Root can
 * help where somebody else made it, by making it its own. */
static bool
is_trusted (int folder, const struct stat *info)
{
  uid_t me = geteuid ();

  if (info->st_uid == 0 || info->st_uid == me)
    return true;
  return me == 0 && fchown (folder, 0, (gid_t) -1) == 0;
}

/* Opens the lock folder, which it makes if need be and open to all users. */
static ZbResult
open_folder (int *folder, ZbError *error)
{
  struct stat info;
  int fd;

  if (mkdir (LOCK_FOLDER, 01777) < 0 && errno != EEXIST)
    return fail_errno (error, errno, "create the lock folder", LOCK_FOLDER);
  fd = open (LOCK_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ELOOP || errno == ENOTDIR)
      return fail_folder (error, "is not a folder");
    return fail_errno (error, errno, "open the lock folder", LOCK_FOLDER);
  }
  if (fstat (fd, &info) < 0 || !is_trusted (fd, &info)) {
    close (fd);
    return fail_folder (error, "belongs to another user");
  }
  /* The umask, or another implementation, may have closed it to others.  Fails
   * where it is root's, and root's to keep in order. */
  if ((info.st_mode & 07777) != 01777)
    (void) !fchmod (fd, 01777);
  *folder = fd;
  return ZB_OK;
}

/* Whether the locked file is still the one that the path leads to. */
static bool
lock_is_current (const ZbLock *lock)
{
  struct stat locked, named;

  return fstat (lock->fd, &locked) == 0 &&
         fstatat (lock->folder, lock->file, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/* 0, or an errno; EAGAIN when somebody else makes it right now.  What exists is
 * opened without O_CREAT: with that, even root is refused another user's file in a
 * folder like this one (the setting fs.protected_regular). */
static int
lock_open_file (ZbLock *lock, bool create, unsigned mode)
{
  int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

  lock->fd = openat (lock->folder, lock->file, flags);
  if (lock->fd < 0 && errno == ENOENT && create) {
    lock->fd =
        openat (lock->folder, lock->file, flags | O_CREAT | O_EXCL, mode);
    if (lock->fd < 0 && errno == EEXIST)
      return EAGAIN;
  }
  return lock->fd < 0 ? errno : 0;
}

/* Opens and locks, without waiting.  0, or an errno; EAGAIN when the file was
 * replaced meanwhile. */
static int
lock_open (ZbLock *lock, bool create, unsigned mode)
{
  struct stat info;
  int problem = lock_open_file (lock, create, mode);

  if (problem)
    return problem;
  if (flock (lock->fd, LOCK_EX | LOCK_NB) < 0)
    problem = errno == EWOULDBLOCK ? EBUSY : errno;
  else if (fstat (lock->fd, &info) < 0)
    problem = errno;
  else if (!lock_is_current (lock))
    problem = EAGAIN;
  if (problem) {
    close (lock->fd);
    return problem;
  }
  lock->owner = info.st_uid;
  return 0;
}

static ZbLock *
lock_new (int folder, const char *name)
{
  ZbLock *lock = calloc (1, sizeof *lock);

  if (!lock)
    return NULL;
  lock->folder = folder;
  snprintf (lock->file, sizeof lock->file, "%s" LOCK_SUFFIX, name);
  return lock;
}

static ZbResult
fail_lock (ZbError *error, int problem, const ZbLock *lock)
{
  char path[sizeof LOCK_FOLDER + sizeof lock->file];

  snprintf (path, sizeof path, LOCK_FOLDER "/%s", lock->file);
  switch (problem) {
    case EBUSY:
    case EAGAIN:
      return zb_fail (
          error, ZB_BUSY, 0, "Another process holds the lock \"%s\".", path);
    case EACCES:
      return zb_fail (error, ZB_PERMISSION, problem,
          "The lock \"%s\" belongs to another user, who reads from the buffer "
          "or left the lock behind. Use another buffer name, or have that user "
          "or root remove it.",
          path);
    case ELOOP:
      return zb_fail (error, ZB_SYSTEM, problem,
          "\"%s\" is a link; expected a lock file. Remove it.", path);
    default:
      return fail_errno (error, problem, "lock", path);
  }
}

ZbResult
zb_platform_lock_acquire (
    const char *name, unsigned mode, ZbLock **lock, ZbError *error)
{
  ZbLock *self;
  ZbResult result;
  int folder, problem;
  int tries = 100; /* each lost one is another reader's start or end */

  if ((result = open_folder (&folder, error)) != ZB_OK)
    return result;
  if (!(self = lock_new (folder, name))) {
    close (folder);
    return fail_memory (error);
  }

  do
    problem = lock_open (self, true, mode);
  while (problem == EAGAIN && --tries > 0);
  if (problem == 0) {
    (void) !fchmod (self->fd, mode); /* fails on a lock of another user */
    *lock = self;
    return ZB_OK;
  }

  result = fail_lock (error, problem, self);
  close (folder);
  free (self);
  return result;
}

void
zb_platform_lock_release (ZbLock *lock)
{
  if (lock_is_current (lock))
    unlinkat (lock->folder, lock->file, 0);
  zb_platform_lock_leave (lock);
}

void
zb_platform_lock_leave (ZbLock *lock)
{
  close (lock->fd);
  close (lock->folder);
  free (lock);
}

ZbResult
zb_platform_lock_take_abandoned (const char *name, ZbLock **lock)
{
  int problem = ENOMEM;
  ZbLock *self;
  int folder;

  if (open_folder (&folder, NULL) != ZB_OK)
    return ZB_NOT_READY;
  if ((self = lock_new (folder, name)))
    problem = lock_open (self, false, 0);
  if (problem == 0) {
    *lock = self;
    return ZB_OK;
  }
  close (folder);
  free (self);
  return problem == EBUSY || problem == EAGAIN ? ZB_BUSY : ZB_NOT_READY;
}

static void
visit_file (const char *file, void (*visit) (const char *name))
{
  size_t length = strlen (file);
  size_t suffix = strlen (LOCK_SUFFIX);
  char name[ZB_NAME_MAX + 1];

  if (length <= suffix || length - suffix > ZB_NAME_MAX ||
      strcmp (file + length - suffix, LOCK_SUFFIX) != 0)
    return;
  memcpy (name, file, length - suffix);
  name[length - suffix] = '\0';
  visit (name);
}

void
zb_platform_lock_for_each (void (*visit) (const char *name))
{
  struct dirent *entry;
  int folder;
  DIR *dir;

  if (open_folder (&folder, NULL) != ZB_OK)
    return;
  if (!(dir = fdopendir (folder))) {
    close (folder);
    return;
  }
  while ((entry = readdir (dir)))
    visit_file (entry->d_name, visit);
  closedir (dir);
}

/* ---- shared memory ---- */

struct ZbMemory {
  int fd;
  uint64_t size;
  void *address;
};

/* An object without a name, which is gone with its last descriptor. */
static int
object_new (void)
{
  return open (SHM_FOLDER, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* Gives it its name; returns what errno would be. */
static int
object_publish (int fd, const char *prefix, const char *name)
{
  char from[40], to[sizeof SHM_FOLDER + OBJECT_NAME_SIZE];

  snprintf (from, sizeof from, "/proc/self/fd/%d", fd);
  snprintf (to, sizeof to, SHM_FOLDER "/%s%s", prefix, name);
  if (linkat (AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) < 0)
    return errno;
  return 0;
}

static int
object_open (const char *prefix, const char *name, int flags)
{
  char object[OBJECT_NAME_SIZE];

  snprintf (object, sizeof object, "/%s%s", prefix, name);
  return shm_open (object, flags, 0);
}

static bool
object_unlink (const char *prefix, const char *name, const ZbLock *lock)
{
  char object[OBJECT_NAME_SIZE];

  snprintf (object, sizeof object, "/%s%s", prefix, name);
  if (lock) {
    struct stat info;
    int fd = shm_open (object, O_RDONLY, 0);
    bool theirs;

    if (fd < 0)
      return errno == ENOENT;
    theirs = fstat (fd, &info) < 0 || info.st_uid != lock->owner;
    close (fd);
    if (theirs)
      return false;
  }
  return shm_unlink (object) == 0 || errno == ENOENT;
}

static ZbResult
fail_space (ZbMemory *memory, int os_error, ZbError *error)
{
  struct statvfs info;
  unsigned long long available = 0;

  if (os_error != ENOSPC)
    return fail_errno (error, os_error, "reserve shared memory in", "/dev/shm");
  if (fstatvfs (memory->fd, &info) == 0)
    available = (unsigned long long) info.f_bavail * info.f_frsize;
  return zb_fail (error, ZB_NO_SPACE, ENOSPC,
      "The buffer needs %llu bytes of shared memory, but /dev/shm has only "
      "%llu bytes free. Use a smaller payload size or a larger /dev/shm.",
      (unsigned long long) memory->size, available);
}

static ZbResult
memory_allocate (ZbMemory *memory, ZbError *error)
{
  int problem;

  do
    problem = posix_fallocate (memory->fd, 0, (off_t) memory->size);
  while (problem == EINTR);
  return problem ? fail_space (memory, problem, error) : ZB_OK;
}

/* All pages at once, rather than each when a frame first gets to it.  Older
 * kernels cannot. */
static void
memory_populate (ZbMemory *memory)
{
#ifdef MADV_POPULATE_WRITE
  madvise (memory->address, memory->size, MADV_POPULATE_WRITE);
#else
  (void) memory;
#endif
}

ZbResult
zb_platform_memory_reserve (ZbMemory *memory, ZbError *error)
{
  ZbResult result = memory_allocate (memory, error);

  if (result == ZB_OK)
    memory_populate (memory);
  return result;
}

static ZbResult
memory_map (ZbMemory *memory, const char *name, ZbError *error)
{
  memory->address = mmap (
      NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
  if (memory->address == MAP_FAILED) {
    memory->address = NULL;
    return zb_fail (error, ZB_SYSTEM, errno,
        "Cannot map %llu bytes of the shared memory \"/%s\": %s.",
        (unsigned long long) memory->size, name, strerror (errno));
  }
  return ZB_OK;
}

static ZbResult
memory_fill_new (
    ZbMemory *memory, const char *name, unsigned mode, ZbError *error)
{
  ZbResult result;

  if (fchmod (memory->fd, mode) < 0)
    return fail_errno (error, errno, "set the mode of shared memory", name);
  if ((result = memory_allocate (memory, error)) != ZB_OK)
    return result;
  if ((result = memory_map (memory, name, error)) == ZB_OK)
    memory_populate (memory);
  return result;
}

ZbResult
zb_platform_memory_create (const char *name, uint64_t size, unsigned mode,
    ZbMemory **memory, ZbError *error)
{
  ZbMemory *self = calloc (1, sizeof *self);
  ZbResult result;

  if (!self)
    return fail_memory (error);
  self->size = size;
  if ((self->fd = object_new ()) < 0) {
    int problem = errno;
    free (self);
    return fail_errno (error, problem, "create the shared memory", name);
  }
  result = memory_fill_new (self, name, mode, error);
  if (result != ZB_OK) {
    zb_platform_memory_close (self);
    return result;
  }
  *memory = self;
  return ZB_OK;
}

ZbResult
zb_platform_memory_publish (ZbMemory *memory, const char *name, ZbError *error)
{
  int problem = object_publish (memory->fd, "", name);

  if (problem == EEXIST)
    return zb_fail (error, ZB_BUSY, problem,
        "There is other shared memory with the name \"%s\".", name);
  if (problem)
    return fail_errno (error, problem, "create the shared memory", name);
  return ZB_OK;
}

static ZbResult
memory_map_existing (
    ZbMemory *memory, const char *name, uint64_t min_size, ZbError *error)
{
  struct stat info;

  if (fstat (memory->fd, &info) < 0)
    return fail_errno (error, errno, "examine the shared memory", name);
  if (info.st_size < 0 || (uint64_t) info.st_size < min_size)
    return zb_fail (error, ZB_NOT_READY, 0,
        "The shared memory \"/%s\" has %lld bytes; its reader is still making "
        "it.",
        name, (long long) info.st_size);
  memory->size = (uint64_t) info.st_size;
  return memory_map (memory, name, error);
}

ZbResult
zb_platform_memory_open (
    const char *name, uint64_t min_size, ZbMemory **memory, ZbError *error)
{
  ZbMemory *self = calloc (1, sizeof *self);
  ZbResult result;

  if (!self)
    return fail_memory (error);
  self->fd = object_open ("", name, O_RDWR);
  if (self->fd < 0) {
    int problem = errno;
    free (self);
    if (problem == ELOOP)
      return zb_fail (error, ZB_CORRUPT, problem,
          "\"/dev/shm/%s\" is a link; expected shared memory. Remove it.",
          name);
    return fail_errno (error, problem, "open the shared memory", name);
  }
  result = memory_map_existing (self, name, min_size, error);
  if (result != ZB_OK) {
    zb_platform_memory_close (self);
    return result;
  }
  *memory = self;
  return ZB_OK;
}

void *
zb_platform_memory_get_address (const ZbMemory *memory)
{
  return memory->address;
}

uint64_t
zb_platform_memory_get_size (const ZbMemory *memory)
{
  return memory->size;
}

ZbTruth
zb_platform_memory_has_name (const ZbMemory *memory, const char *name)
{
  struct stat ours, named;
  int fd = object_open ("", name, O_RDONLY);
  ZbTruth truth = ZB_UNKNOWN;

  if (fd < 0)
    return errno == ENOENT ? ZB_FALSE : ZB_UNKNOWN;
  if (fstat (memory->fd, &ours) == 0 && fstat (fd, &named) == 0)
    truth = ours.st_dev == named.st_dev && ours.st_ino == named.st_ino
                ? ZB_TRUE
                : ZB_FALSE;
  close (fd);
  return truth;
}

void
zb_platform_memory_close (ZbMemory *memory)
{
  if (memory->address)
    munmap (memory->address, memory->size);
  close (memory->fd);
  free (memory);
}

/* Of the open file description, which is this one's alone: memory is opened
 * anew for each buffer. */
static int
range_lock (const ZbMemory *memory, int command, struct flock *range,
    uint64_t offset, uint64_t size)
{
  int result;

  range->l_whence = SEEK_SET;
  range->l_start = (off_t) offset;
  range->l_len = (off_t) size;
  do
    result = fcntl (memory->fd, command, range);
  while (result < 0 && errno == EINTR);
  return result;
}

bool
zb_platform_memory_lock (ZbMemory *memory, uint64_t offset, uint64_t size)
{
  struct flock range = { .l_type = F_WRLCK };

  return range_lock (memory, F_OFD_SETLK, &range, offset, size) == 0;
}

void
zb_platform_memory_unlock (ZbMemory *memory, uint64_t offset, uint64_t size)
{
  struct flock range = { .l_type = F_UNLCK };

  range_lock (memory, F_OFD_SETLK, &range, offset, size);
}

ZbTruth
zb_platform_memory_is_locked (
    const ZbMemory *memory, uint64_t offset, uint64_t size)
{
  struct flock range = { .l_type = F_WRLCK };

  if (range_lock (memory, F_OFD_GETLK, &range, offset, size) < 0)
    return ZB_UNKNOWN;
  return range.l_type != F_UNLCK ? ZB_TRUE : ZB_FALSE;
}

void *
zb_platform_memory_map_view (const ZbMemory *memory, bool populate)
{
  int flags = populate ? MAP_SHARED | MAP_POPULATE : MAP_SHARED;
  void *view = mmap (NULL, memory->size, PROT_READ, flags, memory->fd, 0);

  return view == MAP_FAILED ? NULL : view;
}

void
zb_platform_memory_unmap_view (const ZbMemory *memory, void *view)
{
  munmap (view, memory->size);
}

bool
zb_platform_view_detach (const void *address, size_t size)
{
  uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
  uintptr_t start = (uintptr_t) address & ~(page - 1);
  uintptr_t end = ((uintptr_t) address + size + page - 1) & ~(page - 1);
  void *copy = mmap (NULL, end - start, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (copy == MAP_FAILED)
    return false;
  memcpy (copy, (const void *) start, end - start);
  /* Puts the copy in the place of the shared pages.  Whoever reads them at
   * this moment waits in its page fault, and then finds the same bytes. */
  if (mprotect (copy, end - start, PROT_READ) == 0 &&
      mremap (copy, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED,
          (void *) start) != MAP_FAILED)
    return true;
  munmap (copy, end - start);
  return false;
}

bool
zb_platform_memory_unlink (const char *name, const ZbLock *lock)
{
  return object_unlink ("", name, lock);
}

/* ---- semaphores ---- */

struct ZbSemaphore {
  sem_t *sem;
};

static ZbResult
semaphore_wrap (sem_t *sem, ZbSemaphore **semaphore, ZbError *error)
{
  ZbSemaphore *self = malloc (sizeof *self);

  if (!self) {
    sem_close (sem);
    return fail_memory (error);
  }
  self->sem = sem;
  *semaphore = self;
  return ZB_OK;
}

/* A named semaphore is the file /dev/shm/sem.NAME, with a sem_t in it.  One made
 * by sem_open () has for a moment a name that nobody knows, which a crash would
 * leave behind, and a mode that the umask changes: this one appears all made. */
static int
semaphore_fill (int fd, unsigned mode)
{
  sem_t *sem;
  int problem;

  if (fchmod (fd, mode) < 0)
    return errno;
  if ((problem = posix_fallocate (fd, 0, sizeof *sem)))
    return problem;
  sem = mmap (NULL, sizeof *sem, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (sem == MAP_FAILED)
    return errno;
  sem_init (sem, 1, 0);
  munmap (sem, sizeof *sem);
  return 0;
}

ZbResult
zb_platform_semaphore_create (
    const char *name, unsigned mode, ZbSemaphore **semaphore, ZbError *error)
{
  int fd = object_new ();
  int problem;

  if (fd < 0)
    return fail_errno (error, errno, "create the semaphore", name);
  if (!(problem = semaphore_fill (fd, mode)))
    problem = object_publish (fd, "sem.", name);
  close (fd);
  if (problem)
    return fail_errno (error, problem, "create the semaphore", name);
  return zb_platform_semaphore_open (name, semaphore, error);
}

ZbResult
zb_platform_semaphore_open (
    const char *name, ZbSemaphore **semaphore, ZbError *error)
{
  char object[OBJECT_NAME_SIZE];
  sem_t *sem;

  snprintf (object, sizeof object, "/%s", name);
  sem = sem_open (object, 0);
  if (sem == SEM_FAILED)
    return fail_errno (error, errno, "open the semaphore", name);
  return semaphore_wrap (sem, semaphore, error);
}

void
zb_platform_semaphore_close (ZbSemaphore *semaphore)
{
  sem_close (semaphore->sem);
  free (semaphore);
}

bool
zb_platform_semaphore_unlink (const char *name, const ZbLock *lock)
{
  return object_unlink ("sem.", name, lock);
}

bool
zb_platform_semaphore_post (ZbSemaphore *semaphore)
{
  return sem_post (semaphore->sem) == 0;
}

bool
zb_platform_semaphore_try_wait (ZbSemaphore *semaphore)
{
  int result;

  do
    result = sem_trywait (semaphore->sem);
  while (result < 0 && errno == EINTR);
  return result == 0;
}

static void
relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

bool
zb_platform_semaphore_look (ZbSemaphore *semaphore)
{
  for (int i = 0; i < LOOKS; i++) {
    int value;

    /* Only reads, which leaves the cache line with the one who will post. */
    if (sem_getvalue (semaphore->sem, &value) == 0 && value > 0 &&
        zb_platform_semaphore_try_wait (semaphore))
      return true;
    relax ();
  }
  return false;
}

bool
zb_platform_semaphore_wait (ZbSemaphore *semaphore, int64_t deadline)
{
  struct timespec until = to_timespec (deadline);
  int result;

  do
    result = sem_clockwait (semaphore->sem, CLOCK_MONOTONIC, &until);
  while (result < 0 && errno == EINTR);
  return result == 0;
}

/* ---- processes ---- */

uint64_t
zb_platform_process_id (void)
{
  return (uint64_t) getpid ();
}

bool
zb_platform_process_is_valid (uint64_t pid)
{
  return pid > 0 && pid <= INT_MAX;
}

/* A process that has ended stays until its parent takes note, which may be
 * never.  Its state follows its name, which is in parentheses. */
static bool
is_zombie (uint64_t pid)
{
  char path[40], text[512];
  const char *state;
  ssize_t length;
  int fd;

  snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  if ((fd = open (path, O_RDONLY | O_CLOEXEC)) < 0)
    return false;
  length = read (fd, text, sizeof text - 1);
  close (fd);
  if (length <= 0)
    return false;
  text[length] = '\0';
  state = strrchr (text, ')');
  return state &&
         (strncmp (state, ") Z", 3) == 0 || strncmp (state, ") X", 3) == 0);
}

bool
zb_platform_process_is_alive (uint64_t pid)
{
  return zb_platform_process_is_valid (pid) &&
         (kill ((pid_t) pid, 0) == 0 || errno == EPERM) && !is_zombie (pid);
}

struct ZbWatch {
  int process;
  int stop;
  pthread_t thread;
  void (*ended) (void *data);
  void *data;
};

static void *
watch_run (void *data)
{
  ZbWatch *self = data;
  struct pollfd fds[] = {
    { .fd = self->process, .events = POLLIN },
    { .fd = self->stop, .events = POLLIN },
  };
  int ready;

  do
    ready = poll (fds, 2, -1);
  while (ready < 0 && errno == EINTR);
  if (ready > 0 && fds[0].revents && !fds[1].revents)
    self->ended (self->data);
  return NULL;
}

/* Signals are for the threads of the program, not for ours. */
static int
start_without_signals (pthread_t *thread, void *(*run) (void *), void *data)
{
  sigset_t all, before;
  int problem;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  problem = pthread_create (thread, NULL, run, data);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return problem;
}

ZbWatch *
zb_platform_watch_start (uint64_t pid, void (*ended) (void *data), void *data)
{
  ZbWatch *self = calloc (1, sizeof *self);

  if (!self)
    return NULL;
  self->ended = ended;
  self->data = data;
  self->process = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  self->stop = eventfd (0, EFD_CLOEXEC);
  if (self->process >= 0 && self->stop >= 0 &&
      start_without_signals (&self->thread, watch_run, self) == 0)
    return self;

  if (self->process >= 0)
    close (self->process);
  if (self->stop >= 0)
    close (self->stop);
  free (self);
  return NULL;
}

void
zb_platform_watch_stop (ZbWatch *watch)
{
  if (!watch)
    return;
  eventfd_write (watch->stop, 1);
  pthread_join (watch->thread, NULL);
  close (watch->process);
  close (watch->stop);
  free (watch);
}

/* ---- between threads ---- */

struct ZbMutex {
  pthread_mutex_t mutex;
};

ZbMutex *
zb_platform_mutex_new (void)
{
  ZbMutex *self = malloc (sizeof *self);

  if (self)
    pthread_mutex_init (&self->mutex, NULL);
  return self;
}

void
zb_platform_mutex_free (ZbMutex *mutex)
{
  if (!mutex)
    return;
  pthread_mutex_destroy (&mutex->mutex);
  free (mutex);
}

void
zb_platform_mutex_lock (ZbMutex *mutex)
{
  pthread_mutex_lock (&mutex->mutex);
}

void
zb_platform_mutex_unlock (ZbMutex *mutex)
{
  pthread_mutex_unlock (&mutex->mutex);
}

struct ZbCondition {
  pthread_cond_t condition;
};

ZbCondition *
zb_platform_condition_new (void)
{
  ZbCondition *self = malloc (sizeof *self);
  pthread_condattr_t attributes;

  if (!self)
    return NULL;
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&self->condition, &attributes);
  pthread_condattr_destroy (&attributes);
  return self;
}

void
zb_platform_condition_free (ZbCondition *condition)
{
  if (!condition)
    return;
  pthread_cond_destroy (&condition->condition);
  free (condition);
}

void
zb_platform_condition_wait (
    ZbCondition *condition, ZbMutex *mutex, int64_t deadline)
{
  struct timespec until = to_timespec (deadline);

  pthread_cond_timedwait (&condition->condition, &mutex->mutex, &until);
}

void
zb_platform_condition_wake_all (ZbCondition *condition)
{
  pthread_cond_broadcast (&condition->condition);
}

struct ZbEvent {
  int fd;
};

ZbEvent *
zb_platform_event_new (void)
{
  ZbEvent *self = malloc (sizeof *self);

  if (!self)
    return NULL;
  self->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (self->fd < 0) {
    free (self);
    return NULL;
  }
  return self;
}

void
zb_platform_event_free (ZbEvent *event)
{
  if (!event)
    return;
  close (event->fd);
  free (event);
}

void
zb_platform_event_set (ZbEvent *event)
{
  eventfd_write (event->fd, 1);
}

void
zb_platform_event_clear (ZbEvent *event)
{
  eventfd_t value;

  eventfd_read (event->fd, &value);
}

void
zb_platform_event_wait (ZbEvent *event, int64_t deadline)
{
  struct pollfd fd = { .fd = event->fd, .events = POLLIN };
  int64_t left = deadline - zb_platform_now ();
  struct timespec timeout = to_timespec (left > 0 ? left : 0);

  ppoll (&fd, 1, &timeout, NULL);
}
