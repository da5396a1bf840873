# Peers that are FUSE file systems.
import os
import subprocess

from peer import Peer
from processes import Failed, end


class Mount(Peer):
    """The data set is a directory. Needs /dev/fuse and the right to mount."""

    is_mount = True

    @property
    def place(self):
        return os.path.join(self.folder, "mount")

    def missing(self):
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            return "/dev/fuse is not there or may not be used"
        return super().missing()

    def target(self):
        return "dir:" + os.path.join(self.place, self.inside())

    def inside(self):
        """Where below the mount the data set is."""
        return ""

    def is_ready(self):
        return os.path.ismount(self.place)

    def start(self):
        if os.path.ismount(self.place):
            raise Failed(f"{self.place} is a mount of an earlier run: umount it")
        super().start()

    def prepare(self):
        os.makedirs(self.place)

    def stop(self):
        """Unmounts, which ends the program; a mount that is busy is detached."""
        for arguments in ((), ("-l",)):
            if os.path.ismount(self.place):
                subprocess.run(["umount", *arguments, self.place], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                               timeout=30)
        if self.process is not None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                end(self.process)
        super().stop()
