// The emulator listens on every interface and has no option for it. Loaded before it, this keeps it on loopback.
const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, host, ...rest) {
  return listen.call(this, port, host ?? '127.0.0.1', ...rest);
};
