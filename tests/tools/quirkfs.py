#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""quirkfs.py BACK MOUNT [QUIRK[,QUIRK]...]: shows the directory BACK at MOUNT,
by FUSE, as a file system with quirks. It stays in the foreground and writes
"ready" to its standard output as soon as it is mounted; kill it, then unmount.

Any operation can be refused: OPERATION=ERRNO[@PATTERN], with the names that
FUSE has for both: chmod=EPERM, utimens=ENOSYS, rename=EXDEV@*/kept. A PATTERN
is one of the shell for the path, or the name of an attribute. In place of an
errno, "ignore" does nothing and says it was done, "hang" never answers.
These have names of their own:

  notimes permtimes nochmod nochown noxattr norename nolink nosymlink nospecial
  badxattr[=ERRNO]  user.bad is listed, but cannot be read (EACCES)
  lateclose[=ERRNO] closing what was written fails (EIO)
  hang              reading never ends

Times (set, and shown):
  ns100 ms10 s1 s2  kept in steps; s2 as FAT: of 1980 to 2107, atime of a day
  roundup           upwards in these steps
  rangetimes        EINVAL for times that FAT does not have
Names:
  casefold          A and a are one name; normalize: so are NFC and NFD
  decompose         names are stored, and listed, as NFD
  badnames          EINVAL for names with one of :*?"<>| or that are not UTF-8
  norenameover      a name that exists is not replaced (EEXIST)
  twice             each name is listed twice
  ghost             each directory lists a name that is not there
Identity:
  newino            other inode numbers at each look
  linkino           an inode number for each name, also of one file
  sameino[=all]     one inode number for all files, or for all entries
  newctime          another ctime at each look
  loop              each directory holds itself as "loop"
  looptop           each directory holds the top as "top"
Data and rights:
  followlinks       owner and times set for a link go to what it leads to
  emptynodes        a special file becomes an empty one (EIO)
  fixed             mode 755 and owner 0 for all, whatever is set
  zerosize          files seem to be empty
  shortread         a read gives a thousand bytes at most
  noseek            files cannot be read but from start to end
  flip[=once]       the first byte of a file is read wrong, or is the first time
  full=BYTES        ENOSPC when so much was written
  slow=MS           each operation takes so long
"""
import errno
import fnmatch
import itertools
import os
import stat
import sys
import threading
import time
import unicodedata

try:
    from fusepy import FUSE, fuse_get_context
except ImportError:
    from fuse import FUSE, fuse_get_context

ALIASES = {
    "notimes": "utimens=ENOSYS",
    "permtimes": "utimens=EPERM",
    "nochmod": "chmod=EPERM",
    "nochown": "chown=EPERM",
    "noxattr": "*xattr=EOPNOTSUPP",
    "norename": "rename=ENOSYS",
    "nolink": "link=EPERM",
    "nosymlink": "symlink=EPERM",
    "nospecial": "mknod=EPERM",
    "hang": "read=hang",
}
PLAIN = """ns100 ms10 s1 s2 roundup rangetimes casefold normalize decompose
    badnames norenameover twice ghost newino linkino sameino newctime loop
    looptop followlinks emptynodes fixed zerosize shortread noseek flip full slow lateclose
    badxattr""".split()
STEPS = {"ns100": 100, "ms10": 10**7, "s1": 10**9, "s2": 2 * 10**9}
DAY = 24 * 3600 * 10**9
FAT_FIRST, FAT_LAST = 315532800 * 10**9, 4354819198 * 10**9
UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
# Names are bytes: this coding keeps each of them.
CODING = "latin-1"


def fail(name):
    number = getattr(errno, name)
    raise OSError(number, os.strerror(number))


def text(name):
    return os.fsdecode(name)


def owned_by_caller(path):
    """A new entry belongs to whom has made it, its group maybe not."""
    uid, gid, _ = fuse_get_context()
    parent = os.lstat(os.path.dirname(path))
    try:
        os.lchown(path, uid, -1 if parent.st_mode & stat.S_ISGID else gid)
    except PermissionError:
        pass


class Quirks:
    """What was asked for on the command line."""

    def __init__(self, words):
        self.refused = []
        self.plain = {}
        for word in words:
            word = ALIASES.get(word, word)
            name, _, value = word.partition("=")
            if name in PLAIN:
                self.plain[name] = value or True
            elif value and fnmatch.filter(OPERATIONS, name):
                how, _, pattern = value.partition("@")
                if how not in ("ignore", "hang"):
                    getattr(errno, how)
                self.refused.append((name, how, pattern or "*"))
            else:
                sys.exit(f"quirkfs.py: no such quirk: {word}")

    def has(self, name):
        return name in self.plain

    def value(self, name, default):
        value = self.plain.get(name)
        return default if value is True else value

    def how(self, operation, subjects):
        """What is to happen to an operation in place of it."""
        for name, how, pattern in self.refused:
            if fnmatch.fnmatchcase(operation, name) and any(
                fnmatch.fnmatchcase(subject, pattern) for subject in subjects
            ):
                return how
        return None


class Names:
    """From paths as they are asked for to those below BACK."""

    def __init__(self, back, quirks):
        self.back = os.fsencode(back)
        self.quirks = quirks
        self.folds = quirks.has("casefold") or quirks.has("normalize")

    def fold(self, name):
        name = text(name)
        if self.quirks.has("normalize"):
            name = unicodedata.normalize("NFC", name)
        return name.casefold() if self.quirks.has("casefold") else name

    def stored(self, name):
        if self.quirks.has("decompose"):
            return os.fsencode(unicodedata.normalize("NFD", text(name)))
        return name

    def meant(self, directory, name):
        if not self.folds or os.path.lexists(directory + b"/" + name):
            return name
        try:
            there = os.listdir(directory)
        except OSError:
            return name
        wanted = self.fold(name)
        return next((n for n in there if self.fold(n) == wanted), name)

    def parts(self, path):
        parts = []
        for part in path.encode(CODING).split(b"/"):
            if part == b"top" and self.quirks.has("looptop"):
                parts = []
            elif part and not (part == b"loop" and self.quirks.has("loop")):
                parts.append(self.stored(part))
        return parts

    def find(self, path):
        found = self.back
        for part in self.parts(path):
            found += b"/" + self.meant(found, part)
        return found

    def check(self, path):
        """Whether an entry may have that name."""
        name = path.rpartition("/")[2].encode(CODING)
        if self.quirks.has("badnames"):
            try:
                name.decode("utf-8")
            except UnicodeDecodeError:
                fail("EINVAL")
            if set(name) & set(b':*?"<>|'):
                fail("EINVAL")


class Times:
    """What is kept of a time."""

    def __init__(self, quirks):
        self.quirks = quirks
        self.step = next((n for q, n in STEPS.items() if quirks.has(q)), 1)

    def cut(self, when, step):
        if self.quirks.has("roundup"):
            when += step - 1
        return when // step * step

    def kept(self, when, step=None):
        if self.quirks.has("s2"):
            when = min(max(when, FAT_FIRST), FAT_LAST)
        return self.cut(when, step or self.step)

    def atime(self, when):
        return self.kept(when, DAY if self.quirks.has("s2") else None)

    def check(self, when):
        if self.quirks.has("rangetimes"):
            if not FAT_FIRST <= when <= FAT_LAST:
                fail("EINVAL")


class Looks:
    """What stat shows of an entry."""

    fields = """st_mode st_nlink st_size st_uid st_gid st_ino st_blocks
        st_rdev""".split()

    def __init__(self, quirks):
        self.quirks = quirks
        self.times = Times(quirks)
        self.numbers = itertools.count(1000)

    def identity(self, shown, path):
        regular = stat.S_ISREG(shown["st_mode"])
        if self.quirks.has("newino"):
            shown["st_ino"] = next(self.numbers)
        if self.quirks.has("linkino"):
            shown["st_ino"] = (hash(path) & 0xFFFFFFFF) + 2
        if self.quirks.has("newctime"):
            shown["st_ctime"] = next(self.numbers) * 10**6
        if self.quirks.has("sameino"):
            if regular:
                shown["st_nlink"] = 2
            if regular or self.quirks.value("sameino", "") == "all":
                shown["st_ino"] = 77

    def rights(self, shown):
        if self.quirks.has("fixed"):
            shown["st_mode"] = stat.S_IFMT(shown["st_mode"]) | 0o755
            shown["st_uid"] = shown["st_gid"] = 0

    def show(self, found, path):
        shown = {name: getattr(found, name) for name in self.fields}
        shown["st_atime"] = self.times.atime(found.st_atime_ns)
        shown["st_mtime"] = self.times.kept(found.st_mtime_ns)
        shown["st_ctime"] = found.st_ctime_ns
        self.identity(shown, path)
        self.rights(shown)
        if self.quirks.has("zerosize") and stat.S_ISREG(found.st_mode):
            shown["st_size"] = shown["st_blocks"] = 0
        return shown


class QuirkFS:
    """The operations, by the names that fusepy calls them."""

    use_ns = True
    flag_utime_omit_ok = 1

    def __init__(self, back, quirks):
        self.quirks = quirks
        self.names = Names(back, quirks)
        self.looks = Looks(quirks)
        self.times = self.looks.times
        self.never = threading.Event()
        self.delay = int(quirks.value("slow", "0") or 0) / 1000
        self.room = quirks.value("full", None)
        self.flipped = set()
        self.written = set()

    def __call__(self, operation, *args):
        if self.delay:
            time.sleep(self.delay)
        subjects = [a for a in args[:2] if isinstance(a, str)]
        how = self.quirks.how(operation, subjects)
        if how == "hang":
            self.never.wait()
        if how == "ignore":
            return None
        if how:
            fail(how)
        return getattr(self, operation)(*args)

    def init(self, _):
        os.write(1, b"ready\n")
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 1)

    # ---- names ----

    def getattr(self, path, info=None):
        if info:
            return self.looks.show(os.fstat(info.fh), path)
        return self.looks.show(os.lstat(self.names.find(path)), path)

    def statfs(self, path):
        found = os.statvfs(self.names.find(path))
        names = [n for n in dir(found) if n.startswith("f_")]
        return {name: getattr(found, name) for name in names}

    def opendir(self, _):
        return 0

    def readdir(self, path, _):
        names = [b".", b".."] + os.listdir(self.names.find(path))
        for quirk, name in ("loop", b"loop"), ("looptop", b"top"):
            if self.quirks.has(quirk):
                names.append(name)
        if self.quirks.has("ghost"):
            names.append(b"ghost")
        if self.quirks.has("twice"):
            names += names[2:]
        return [name.decode(CODING) for name in names]

    def readlink(self, path):
        return os.readlink(self.names.find(path)).decode(CODING)

    def new(self, path):
        self.names.check(path)
        return self.names.find(path)

    def mkdir(self, path, mode):
        os.mkdir(self.new(path), mode)
        owned_by_caller(self.names.find(path))

    def mknod(self, path, mode, device):
        if self.quirks.has("emptynodes"):
            os.mknod(self.new(path), stat.S_IFREG | stat.S_IMODE(mode))
            fail("EIO")
        os.mknod(self.new(path), mode, device)
        owned_by_caller(self.names.find(path))

    def symlink(self, path, target):
        os.symlink(target.encode(CODING), self.new(path))
        owned_by_caller(self.names.find(path))

    def link(self, path, target):
        os.link(self.names.find(target), self.new(path), follow_symlinks=False)

    def rename(self, old, new):
        source, target = self.names.find(old), self.new(new)
        if source == target:
            target = os.path.dirname(target) + b"/" + self.names.parts(new)[-1]
        if self.quirks.has("norenameover") and os.path.lexists(target):
            fail("EEXIST")
        os.rename(source, target)

    def unlink(self, path):
        os.unlink(self.names.find(path))

    def rmdir(self, path):
        os.rmdir(self.names.find(path))

    # ---- metadata ----

    def chmod(self, path, mode):
        if not self.quirks.has("fixed"):
            os.chmod(self.names.find(path), stat.S_IMODE(mode))

    def chown(self, path, uid, gid):
        if not self.quirks.has("fixed"):
            follows = self.quirks.has("followlinks")
            os.chown(
                self.names.find(path), uid, gid, follow_symlinks=follows
            )

    def utimens(self, path, times):
        found = os.lstat(self.names.find(path))
        old = (found.st_atime_ns, found.st_mtime_ns)
        kept = []
        for index, keep in enumerate((self.times.atime, self.times.kept)):
            when = times[index] if times else UTIME_NOW
            if when == UTIME_NOW:
                when = time.time_ns()
            elif when == UTIME_OMIT:
                when = old[index]
            else:
                self.times.check(when)
            kept.append(keep(when))
        follows = self.quirks.has("followlinks")
        os.utime(
            self.names.find(path), ns=tuple(kept), follow_symlinks=follows
        )

    def listxattr(self, path):
        found = os.listxattr(self.names.find(path), follow_symlinks=False)
        found = [os.fsencode(name).decode(CODING) for name in found]
        if self.quirks.has("badxattr") and "user.bad" not in found:
            found.append("user.bad")
        return found

    def getxattr(self, path, name, *_):
        if self.quirks.has("badxattr") and name == "user.bad":
            fail(self.quirks.value("badxattr", "EACCES"))
        return os.getxattr(
            self.names.find(path), name.encode(CODING), follow_symlinks=False
        )

    def setxattr(self, path, name, value, options, *_):
        os.setxattr(
            self.names.find(path),
            name.encode(CODING),
            value,
            options,
            follow_symlinks=False,
        )

    def removexattr(self, path, name):
        os.removexattr(
            self.names.find(path), name.encode(CODING), follow_symlinks=False
        )

    # ---- data ----

    def opened(self, fd, info):
        info.fh = fd
        info.nonseekable = self.quirks.has("noseek")
        info.direct_io = self.quirks.has("shortread") or self.quirks.has(
            "zerosize"
        )
        return 0

    def open(self, path, info):
        flags = info.flags & (os.O_ACCMODE | os.O_TRUNC)
        found = self.names.find(path)
        try:
            return self.opened(os.open(found, flags | os.O_NOATIME), info)
        except PermissionError:
            return self.opened(os.open(found, flags), info)

    def create(self, path, mode, info):
        flags = info.flags & (os.O_ACCMODE | os.O_TRUNC | os.O_EXCL)
        fd = os.open(self.new(path), flags | os.O_CREAT, mode)
        owned_by_caller(self.names.find(path))
        return self.opened(fd, info)

    def read(self, path, size, offset, info):
        if self.quirks.has("shortread"):
            size = min(size, 1000)
        data = os.pread(info.fh, size, offset)
        if self.quirks.has("flip") and data and offset == 0:
            if not (self.quirks.value("flip", "") and path in self.flipped):
                self.flipped.add(path)
                return bytes([data[0] ^ 1]) + data[1:]
        return data

    def write(self, _, data, offset, info):
        if self.room is not None:
            self.room = int(self.room) - len(data)
            if self.room < 0:
                fail("ENOSPC")
        self.written.add(info.fh)
        return os.pwrite(info.fh, data, offset)

    def truncate(self, path, length, *_):
        os.truncate(self.names.find(path), length)

    def flush(self, _, info):
        if self.quirks.has("lateclose") and info.fh in self.written:
            fail(self.quirks.value("lateclose", "EIO"))

    def fsync(self, _, __, info):
        os.fsync(info.fh)

    def release(self, _, info):
        self.written.discard(info.fh)
        os.close(info.fh)


OPERATIONS = [name for name, what in vars(QuirkFS).items() if callable(what)]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    back, mount = sys.argv[1:3]
    quirks = Quirks(filter(None, "".join(sys.argv[3:]).split(",")))
    os.umask(0)
    options = {
        "default_permissions": True,
        "use_ino": True,
        # An open file is removed at once, not renamed to be removed later.
        "hard_remove": True,
    }
    if os.geteuid() == 0:
        options["allow_other"] = True
        options["dev"] = options["suid"] = True
    FUSE(
        QuirkFS(back, quirks),
        os.fsencode(mount).decode(CODING),
        raw_fi=True,
        encoding=CODING,
        foreground=True,
        attr_timeout="0",
        entry_timeout="0",
        negative_timeout="0",
        fsname="quirkfs",
        **options,
    )


if __name__ == "__main__":
    main()
