#!/bin/sh
# Written by `warroom install`: War Room's commands with the settings of this installation.
# Root becomes the user of War Room, but where a command changes the system itself.
WARROOM_CONFIG=${WARROOM_CONFIG:-$config_shell}
PYTHONSAFEPATH=1
export WARROOM_CONFIG PYTHONSAFEPATH
case ${1:-} in
    install | uninstall) ;;
    *)
        if [ "$(id -u)" -eq 0 ]; then
            set -- setpriv --reuid=$user --regid=$user --init-groups -- $python_shell -m warroom.app "$@"
            exec "$@"
        fi
        ;;
esac
exec $python_shell -m warroom.app "$@"
