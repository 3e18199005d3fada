# Level of isolation in a plain container: "basic", since Docker's default seccomp profile refuses user namespaces.
# README, "In a container", says what to add for "full", and what that costs.
FROM debian:bookworm AS build
WORKDIR /src
COPY . .
# Installs what a build needs: the list of packages stands in `dev` alone.
RUN ./dev build

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libstdc++6 libfmt9 libspdlog1.10 libcpp-httplib0.11 libtomlplusplus3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 2633 --user-group --no-create-home --home-dir /srv --shell /usr/sbin/nologin coffees
COPY --from=build /src/build/release/coffees /src/build/release/coffees-worker /opt/coffees/
COPY --from=build /src/build/release/functions/*.so /src/build/release/functions/menu.toml /opt/coffees/functions/
# Fails here, not at the first start, when a library is missing above.
RUN /opt/coffees/coffees version
# `serve` reads ./coffees.toml if there is one: mount it here with its libraries. Without it the menu is served.
WORKDIR /srv
# The invoke port has to be reached from outside. The admin port stays on the container's loopback.
ENV PATH=/opt/coffees:$PATH COFFEES_SERVER__HOST=0.0.0.0
EXPOSE 2633
# A number, so that "not root" can be seen without /etc/passwd.
USER 2633:2633
# Asks both ports. 7 is "no server answers"; anything else came from one, also its asking for a token.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD coffees list >/dev/null; test $? -ne 7
# The server itself is process 1: it takes SIGTERM, and reaps orphans.
ENTRYPOINT ["coffees"]
CMD ["serve"]
