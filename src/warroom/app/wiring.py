"""Who is told what: the list of domains, their settings, routes, jobs and services.

A new domain is added here, in alphabetical order, and nowhere else.
"""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from warroom.access import api as access
from warroom.access import jobs as access_jobs
from warroom.access import privacy as access_privacy
from warroom.access import routes as access_routes
from warroom.alerts import api as alerts
from warroom.alerts import jobs as alert_jobs
from warroom.alerts import privacy as alert_privacy
from warroom.alerts import routes as alert_routes
from warroom.app import pages
from warroom.app.asgi import Wiring
from warroom.app.backup.settings import BackupSettings
from warroom.app.calls import calls_socket
from warroom.app.connections import WebSettings
from warroom.app.forwarded import Proxies
from warroom.app.node import Node, elsewhere_socket, media_socket, webrtc_socket
from warroom.app.node_keys import peers_of
from warroom.audit import api as audit
from warroom.audit import jobs as audit_jobs
from warroom.audit import routes as audit_routes
from warroom.calls import api as calls
from warroom.calls import jobs as call_jobs
from warroom.calls import privacy as call_privacy
from warroom.calls import routes as call_routes
from warroom.cameras import api as cameras
from warroom.cameras import jobs as camera_jobs
from warroom.cameras import privacy as camera_privacy
from warroom.cameras import routes as camera_routes
from warroom.dispatch import api as dispatch
from warroom.dispatch import jobs as dispatch_jobs
from warroom.dispatch import privacy as dispatch_privacy
from warroom.dispatch import routes as dispatch_routes
from warroom.hub import api as hub
from warroom.hub import jobs as hub_jobs
from warroom.hub import privacy as hub_privacy
from warroom.hub import routes as hub_routes
from warroom.identity import api as identity
from warroom.identity import jobs as identity_jobs
from warroom.identity import routes as identity_routes
from warroom.incidents import api as incidents
from warroom.incidents import jobs as incident_jobs
from warroom.incidents import privacy as incident_privacy
from warroom.incidents import routes as incident_routes
from warroom.kernel import deletions, outbox
from warroom.kernel.blobs import Blobs, SealPlain
from warroom.kernel.db import Database
from warroom.kernel.errors import UnavailableError
from warroom.kernel.jobs import Job, Worker
from warroom.kernel.log import LogSettings
from warroom.kernel.nodes import NodesSettings
from warroom.kernel.outbound import Outbound, OutboundSettings
from warroom.kernel.sealed_files import FileSealer
from warroom.kernel.secrets import Sealer, key_at
from warroom.kernel.settings import Configuration, NodeSettings
from warroom.live import api as live
from warroom.live import privacy as live_privacy
from warroom.live import routes as live_routes
from warroom.places import api as places
from warroom.places import routes as place_routes
from warroom.privacy import api as privacy
from warroom.privacy import jobs as privacy_jobs
from warroom.privacy import routes as privacy_routes
from warroom.privacy.contracts import Registry, Retention, Told
from warroom.recording import api as recording
from warroom.recording import jobs as recording_jobs
from warroom.recording import privacy as recording_privacy
from warroom.recording import routes as recording_routes
from warroom.roads import api as roads
from warroom.routing import api as routing
from warroom.routing import routes as routing_routes
from warroom.traffic import api as traffic
from warroom.traffic import jobs as traffic_jobs
from warroom.traffic import privacy as traffic_privacy
from warroom.traffic import routes as traffic_routes
from warroom.units import api as units
from warroom.units import jobs as unit_jobs
from warroom.units import privacy as unit_privacy
from warroom.units import routes as unit_routes
from warroom.wall import api as wall
from warroom.wall import privacy as wall_privacy
from warroom.wall import routes as wall_routes

SECTIONS = [
    NodeSettings,
    WebSettings,
    NodesSettings,
    OutboundSettings,
    LogSettings,
    access.AccessSettings,
    alerts.AlertSettings,
    audit.AuditSettings,
    BackupSettings,
    calls.CallSettings,
    cameras.CameraSettings,
    dispatch.DispatchSettings,
    hub.HubSettings,
    identity.CitySettings,
    identity.IdentitySettings,
    incidents.IncidentSettings,
    live.LiveSettings,
    recording.RecordingSettings,
    traffic.TrafficSettings,
    units.MqttSettings,
    units.UnitSettings,
]

ROUTERS = [
    *access_routes.routers,
    *alert_routes.routers,
    audit_routes.router,
    call_routes.router,
    *camera_routes.routers,
    *dispatch_routes.routers,
    hub_routes.router,
    *identity_routes.routers,
    *incident_routes.routers,
    live_routes.router,
    place_routes.router,
    privacy_routes.router,
    *recording_routes.routers,
    routing_routes.router,
    traffic_routes.router,
    *unit_routes.routers,
    wall_routes.router,
]

TOPICS = (
    *access_routes.TOPICS,
    *alert_routes.TOPICS,
    *call_routes.TOPICS,
    *camera_routes.TOPICS,
    *dispatch_routes.TOPICS,
    *incident_routes.TOPICS,
    *privacy_routes.TOPICS,
    *recording_routes.TOPICS,
    *traffic_routes.TOPICS,
    *unit_routes.TOPICS,
    *wall_routes.TOPICS,
)

ERASERS = identity.Erasers({"wall_layout": wall.forget_person})

OUTBOX_KEPT = timedelta(hours=6)


async def _trim_outbox(worker: Worker) -> None:
    now, scope = worker.clock.now(), worker.scope
    async with worker.db.transaction(scope) as tx:
        count = await outbox.trim(tx, now - OUTBOX_KEPT)
        gone = deletions.Deletion(
            "outbox", "outbox", "age", count, now, now, last_at=now - OUTBOX_KEPT
        )
        await deletions.note(scope, tx, gone)


JOBS = [
    Job("kernel.trim_outbox", 600, _trim_outbox),
    *access_jobs.JOBS,
    *alert_jobs.JOBS,
    *audit_jobs.JOBS,
    *call_jobs.JOBS,
    *camera_jobs.JOBS,
    *dispatch_jobs.JOBS,
    *hub_jobs.JOBS,
    *identity_jobs.JOBS,
    *incident_jobs.JOBS,
    *privacy_jobs.JOBS,
    *recording_jobs.JOBS,
    *traffic_jobs.JOBS,
    *unit_jobs.JOBS,
]


def registry_of(configuration: Configuration) -> Registry:
    """What every domain tells of the data about people that it holds."""
    outbox_kept = Retention("outbox", OUTBOX_KEPT / timedelta(days=1))
    return Registry.of(
        [
            Told(retention=(outbox_kept,)),
            access_privacy.TOLD,
            alert_privacy.told(configuration.section(alerts.AlertSettings)),
            call_privacy.told(configuration.section(calls.CallSettings)),
            camera_privacy.TOLD,
            dispatch_privacy.told(configuration.section(dispatch.DispatchSettings)),
            hub_privacy.told(configuration.section(hub.HubSettings)),
            incident_privacy.told(configuration.section(incidents.IncidentSettings)),
            live_privacy.TOLD,
            privacy.told(ERASERS, configuration.section(identity.IdentitySettings).prove_minutes),
            recording_privacy.told(configuration.section(recording.RecordingSettings)),
            traffic_privacy.told(configuration.section(traffic.TrafficSettings)),
            unit_privacy.told(configuration.section(units.UnitSettings)),
            wall_privacy.TOLD,
        ],
        {"cameras": cameras.count_by_class},
    )


def services(node: Node, db: Database) -> dict[type, Any]:
    """What routes, jobs and commands use, by type; made once a process."""
    configuration, settings = node.configuration, node.settings
    camera_settings = configuration.section(cameras.CameraSettings)
    sealer = Sealer.at(settings.data / "keys" / "seal.key")
    made = identity.services(configuration, db, node.clock, sealer)
    edge = calls.EdgeClient(calls_socket(settings))
    home = calls.Home(
        db,
        node.clock,
        identity.system_scope(f"desk {settings.node}", node.clock),
        configuration.section(calls.CallSettings).agency,
    )
    standing = identity.system_scope(f"webhooks {settings.node}", node.clock)
    atlas = places.open_atlas(settings)
    return {
        **made,
        **alerts.services(
            configuration.section(alerts.AlertSettings),
            atlas,
            ZoneInfo(configuration.section(identity.CitySettings).zone),
            configuration.section(identity.CitySettings).domain,
            node.clock,
        ),
        **hub.services(configuration, db, node.clock, standing, sealer, made[Outbound]),
        **incidents.services(
            configuration.section(incidents.IncidentSettings),
            ZoneInfo(configuration.section(identity.CitySettings).zone),
            configuration.section(identity.CitySettings).domain,
            db,
            node.clock,
            identity.system_scope(f"incidents {settings.node}", node.clock),
            incidents.PhotoFiles(settings.data / "photos", FileSealer(sealer.derive(b"photos"))),
        ),
        Configuration: configuration,
        NodeSettings: settings,
        identity.Erasers: ERASERS,
        identity.Finders: identity.known_finders(),
        Blobs: Blobs(settings.data / "blobs", FileSealer(sealer.derive(b"letters"))),
        Sealer: sealer,
        access.AccessSettings: configuration.section(access.AccessSettings),
        traffic.TrafficSettings: configuration.section(traffic.TrafficSettings),
        audit.Anchoring: audit.open_anchoring(
            settings.data, configuration.section(audit.AuditSettings)
        ),
        audit.Peers: audit.Peers(
            identity.find_main_roles,
            ZoneInfo(configuration.section(identity.CitySettings).zone),
        ),
        calls.CallSettings: configuration.section(calls.CallSettings),
        calls.CallDesk: calls.CallDesk(
            db,
            edge,
            home,
            settings.data / "calls",
            settings.node,
            calls.sealer_of_recordings(sealer),
        ),
        calls.Home: home,
        calls.RecordingKeeper: calls.RecordingKeeper(
            db,
            settings.data / "calls",
            settings.node,
            configuration.section(calls.CallSettings).recording_days,
        ),
        calls.EdgeClient: edge,
        cameras.CameraSettings: camera_settings,
        cameras.Prober: cameras.open_prober(camera_settings, node.clock),
        cameras.Turner: cameras.Turner(camera_settings),
        dispatch.DispatchSettings: configuration.section(dispatch.DispatchSettings),
        dispatch.Briefs: dispatch.Briefs(
            db, identity.system_scope(f"briefs {settings.node}", node.clock)
        ),
        dispatch.Choices: dispatch.Choices(
            db,
            identity.system_scope(f"beds {settings.node}", node.clock),
            configuration.section(dispatch.DispatchSettings),
        ),
        dispatch.CityCover: dispatch.CityCover(
            db,
            identity.system_scope(f"coverage {settings.node}", node.clock),
            configuration.section(dispatch.DispatchSettings),
        ),
        dispatch.EtaBook: dispatch.EtaBook(
            db,
            node.clock,
            identity.system_scope(f"arrivals {settings.node}", node.clock),
            ZoneInfo(configuration.section(identity.CitySettings).zone),
        ),
        places.Atlas: atlas,
        ZoneInfo: ZoneInfo(configuration.section(identity.CitySettings).zone),
        Registry: registry_of(configuration),
        WebSettings: configuration.section(WebSettings),
        privacy.SubjectKeeper: privacy.SubjectKeeper(
            sealer, key_at(settings.data / "keys" / "subject.key")
        ),
        recording.HoldService: recording.make_holds(
            db,
            node.clock,
            configuration.section(recording.RecordingSettings),
            settings.data,
        ),
        units.Fleet: units.Fleet(configuration.section(units.UnitSettings), node.clock),
    }


def wire(node: Node, db: Database | None = None) -> Wiring:
    """Everything of one `serve` process."""
    db = db or Database(node.connections.app, min_size=2, max_size=12)
    made = services(node, db)
    live_service = live.make_service(
        db,
        node.clock,
        media_socket(node.settings),
        webrtc_socket(node.settings),
        node.configuration.section(live.LiveSettings),
        elsewhere_socket=elsewhere_socket(node),
    )
    peers = peers_of(node, db)
    playback = recording.make_playback(
        db,
        node.clock,
        node.configuration.section(recording.RecordingSettings),
        node.settings.data,
        peers,
    )
    state, desk = _roads_of(node, db)
    tracker = units.make_tracker(
        db,
        node.clock,
        identity.system_scope(f"units {node.settings.node}", node.clock),
        node.configuration.section(units.UnitSettings),
        state.roads,
    )
    tracker.followers.append(lambda seen: _see(state, seen))
    receiver = units.Receiver(
        db,
        node.clock,
        identity.system_scope(f"mqtt {node.settings.node}", node.clock),
        node.configuration.section(units.MqttSettings),
        tracker,
        f"{node.settings.node}:{node.settings.port}",
    )
    watch = dispatch.make_watch(
        db,
        node.clock,
        identity.system_scope(f"dispatch {node.settings.node}", node.clock),
        state,
        node.configuration.section(dispatch.DispatchSettings),
        ZoneInfo(node.configuration.section(identity.CitySettings).zone),
        f"{node.settings.node}:{node.settings.port}",
    )
    forwarder = calls.Forwarder(
        db,
        node.clock,
        identity.system_scope(f"calls {node.settings.node}", node.clock),
        made[calls.EdgeClient],
        made[calls.Home],
        node.settings.node,
        ZoneInfo(node.configuration.section(identity.CitySettings).zone),
    )
    following = dispatch.make_following(
        db,
        node.clock,
        identity.system_scope(f"following {node.settings.node}", node.clock),
        node.configuration.section(dispatch.DispatchSettings),
        f"{node.settings.node}:{node.settings.port}",
    )
    handing = incidents.Handing(
        db,
        node.clock,
        identity.system_scope(f"handing {node.settings.node}", node.clock),
        made[Outbound],
        made[incidents.Intake],
    )
    reading = alerts.Reading(
        db,
        node.clock,
        identity.system_scope(f"alerts {node.settings.node}", node.clock),
        made[Outbound],
        made[alerts.Taker],
    )
    approach = dispatch.make_approach(
        db,
        node.clock,
        identity.system_scope(f"approach {node.settings.node}", node.clock),
        state,
        desk,
        node.configuration.section(dispatch.DispatchSettings),
        f"{node.settings.node}:{node.settings.port}",
    )
    coverage = dispatch.CoverageWatch(
        db,
        node.clock,
        identity.system_scope(f"coverage {node.settings.node}", node.clock),
        node.configuration.section(dispatch.DispatchSettings),
        f"{node.settings.node}:{node.settings.port}",
    )
    watching = identity.system_scope(f"counts {node.settings.node}", node.clock)
    sights = traffic.Sights(db, node.clock, watching, state)
    sharing = traffic.Sharing(db, node.clock, watching, state)
    return Wiring(
        authenticator=made[identity.Authenticator],
        db=db,
        clock=node.clock,
        scope=identity.system_scope(f"serve {node.settings.node}", node.clock),
        holder=f"{node.settings.node}:{node.settings.port}",
        pages=pages.folder(node.settings),
        proxies=Proxies.read(node.settings),
        routers=ROUTERS,
        topics=TOPICS,
        jobs=JOBS,
        services={
            **made,
            live.LiveService: live_service,
            recording.PlaybackService: playback,
            routing.Desk: desk,
            traffic.Drawing: traffic.Drawing(),
            traffic.Sights: sights,
            traffic.Traffic: state,
            units.Receiver: receiver,
            units.Tracker: tracker,
        },
        running=(
            *(() if peers is None else (peers,)),
            live_service,
            playback,
            made[cameras.Turner],
            made[hub.Sender],
            desk,
            state,
            tracker,
            sights,
            sharing,
            receiver,
            watch,
            forwarder,
            calls.Meanwhile(db, made[calls.EdgeClient], made[calls.Home]),
            following,
            coverage,
            approach,
            handing,
            reading,
            made[dispatch.EtaBook],
            audit.HeadWatch(
                db,
                identity.system_scope(f"heads {node.settings.node}", node.clock),
                made[audit.Anchoring].heads,
            ),
            SealPlain(made[Blobs], made[incidents.PhotoFiles]),
        ),
        watch_rights=made[identity.Authenticator].watch,
    )


def _roads_of(node: Node, db: Database) -> tuple[traffic.Traffic, routing.Desk]:
    """The state of the roads of a process, and the routes that follow it."""
    city = roads.open_roads(node.settings)
    holder = f"{node.settings.node}:{node.settings.port}"
    zone = ZoneInfo(node.configuration.section(identity.CitySettings).zone)
    standing = identity.system_scope(f"traffic {node.settings.node}", node.clock)
    settings = node.configuration.section(traffic.TrafficSettings)
    state = traffic.open_traffic(db, node.clock, standing, city, zone, settings, holder)
    desk = routing.Desk(routing.Routing(city))

    async def lead_round(cycle: traffic.Cycle) -> None:
        now = cycle.state
        closed = now.how == traffic.How.CLOSED
        jammed = now.colour == traffic.Colour.JAM
        known = now.how != traffic.How.FREE_FLOW
        conditions = routing.Conditions(now.kmh, closed, jammed, now.since, known)
        await desk.take(state.estimator.graph, conditions)

    state.followers.append(lead_round)
    return state, desk


def _see(state: traffic.Traffic, seen: units.Seen) -> None:
    """Units that drive are seen by the state of the roads, whoever they are."""
    try:
        graph = state.estimator.graph
    except UnavailableError:  # the first state is still being made
        return
    # Of another pack than the state's: its edges have other numbers.
    if graph is not seen.graph:
        return
    count = len(seen.edge)
    state.add(
        traffic.Observations(
            seen.edge,
            seen.kmh,
            np.ones(count, np.float32),
            seen.at_s,
            np.full(count, traffic.Source.GPS, np.uint8),
            seen.who,
        )
    )
