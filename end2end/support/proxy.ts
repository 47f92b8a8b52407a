// A TCP proxy that closes every connection after so many milliseconds, in the middle of whatever it carries: what
// impatient middle boxes do.

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Proxy {
  private readonly open = new Set<Socket>();
  /** Connections that were closed by their age. */
  cut = 0;
  /** What the server sent on event streams: everything above TCP, the frames of HTTP included. */
  streamed = 0;

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  /** Passes on to `target` (`http://host:port`); connections live as long as they like unless `livesMs` is given. */
  static async start(target: string, livesMs = 2 ** 31 - 1): Promise<Proxy> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new Proxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    server.on("connection", (near) => {
      const far = connect(Number(port), hostname);
      const old = setTimeout(() => {
        proxy.cut += 1;
        near.destroy();
      }, livesMs);
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        proxy.open.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          clearTimeout(old);
          proxy.open.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
      // One request after the other on a connection, and a browser's head comes in one piece.
      let isStream = false;
      near.on("data", (request: Buffer) => {
        isStream = /^GET \S+\/events[? ]/.test(request.toString("latin1", 0, 300));
      });
      far.on("data", (answer: Buffer) => {
        if (isStream) proxy.streamed += answer.length;
      });
    });
    return proxy;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
