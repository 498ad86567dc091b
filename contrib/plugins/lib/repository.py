"""Questions to git about one directory, whatever the repository's own configuration says."""

import os
import shutil
import subprocess

from mcp_server import Refusal

# Whatever a repository configures, git asks nobody, writes nothing and starts nothing: no hooks,
# monitors, pagers, signers or transports, nor itself in submodules.
GIT_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
GIT_SETTINGS = {
    "core.fsmonitor": "false", "core.hooksPath": "/dev/null", "core.sshCommand": "false",
    "core.attributesFile": "/dev/null", "core.pager": "cat", "color.ui": "false",
    "protocol.allow": "never", "safe.bareRepository": "explicit", "log.showSignature": "false",
    "gpg.program": "false", "diff.submodule": "short", "status.submoduleSummary": "false",
    "submodule.recurse": "false",
}


class Repository:
    """The git repository that the directory is in, asked about what is below the directory."""

    def __init__(self, tree):
        self.tree = tree
        os.fchdir(tree.root)
        top = os.getcwd()
        while not os.path.lexists(os.path.join(top, ".git")):
            if top == "/":
                raise Refusal("there is no git repository here")
            top = os.path.dirname(top)
        self.check(os.path.join(top, ".git"))
        # Else the repository's core.worktree could name any place.
        self.environment = dict(GIT_ENVIRONMENT, GIT_WORK_TREE=top,
                                GIT_CEILING_DIRECTORIES=os.path.dirname(top))
        self.settings = dict(GIT_SETTINGS)
        # Filters are programs too, which status and diff would run on changed files.
        names = self.ask("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
        self.settings.update((name, "") for name in names.split("\0") if name)
        self.freeze_index()

    @staticmethod
    def check(git):
        """Refuses a .git that names another directory's repository, as anybody's file might."""
        if os.path.isdir(git) and not os.path.islink(git):
            return
        if os.path.isfile(git):
            with open(git, "rb") as file:
                place = file.read(4096).partition(b"gitdir: ")[2].rstrip(b"\n")
            back = os.path.join(os.fsencode(os.path.dirname(git)), place, b"gitdir")
            # That of a linked work tree names the work tree.
            if os.path.isfile(back):
                with open(back, "rb") as file:
                    if os.path.realpath(file.read(4096).rstrip(b"\n")) == os.fsencode(git):
                        return
        raise Refusal(".git: neither a repository nor that of a linked work tree")

    def freeze_index(self):
        """Gives git a copy of its index: diff would write it anew, and lock it meanwhile."""
        try:
            with open(self.ask("rev-parse", "--git-path", "index").rstrip("\n"), "rb") as index:
                # Git makes a lock beside the file that this name says, where there is no directory.
                copy = os.memfd_create("nowhere/index", 0)
                with os.fdopen(copy, "wb", closefd=False) as file:
                    shutil.copyfileobj(index, file)
                self.environment["GIT_INDEX_FILE"] = f"/proc/self/fd/{copy}"
        except FileNotFoundError:
            # Nothing was ever added.
            pass

    def command(self, arguments):
        environment = dict(self.environment, GIT_CONFIG_COUNT=str(len(self.settings)))
        for index, (name, value) in enumerate(self.settings.items()):
            environment[f"GIT_CONFIG_KEY_{index}"] = name
            environment[f"GIT_CONFIG_VALUE_{index}"] = value
        return ["git", "--no-pager", *arguments], environment

    def ask(self, *arguments):
        command, environment = self.command(arguments)
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False).stdout.decode(errors="surrogateescape")

    def become(self, *arguments):
        """Runs git in the place of this process."""
        command, environment = self.command(arguments)
        os.execvpe("git", command, environment)

    def commit(self, revision):
        found = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options",
                         revision + "^{commit}").strip()
        if not found:
            raise Refusal(f"{revision}: no such commit")
        return found

    def below(self, path):
        """A path of the directory and what is below it, without what is hidden."""
        hidden = [f":(exclude,glob,icase)**/{glob}{below}"
                  for glob in self.tree.hidden for below in ("", "/**")]
        return ["--", ":(literal)" + ("/".join(self.tree.parts(path)) or "."), *hidden]
