// Storage of the peer in Redis: a hash per thing (what it is, and whether it was used), a set per grant to end it as a whole.
import { Redis } from 'ioredis';

const client = new Redis(process.env.PEER_REDIS);
const OF_A_GRANT = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

export default class RedisAdapter {
  constructor(kind) {
    this.kind = kind;
  }

  key(id) {
    return `${this.kind}:${id}`;
  }

  async upsert(id, payload, seconds) {
    const commands = client.multi();
    commands.hset(this.key(id), 'payload', JSON.stringify(payload));
    if (seconds) commands.expire(this.key(id), seconds);
    if (OF_A_GRANT.has(this.kind) && payload.grantId) {
      commands.sadd(`of-grant:${payload.grantId}`, this.key(id));
      commands.expire(`of-grant:${payload.grantId}`, 14 * 86400);
    }
    if (payload.uid) commands.set(`uid:${payload.uid}`, id, 'EX', seconds || 86400);
    await commands.exec();
  }

  async find(id) {
    const found = await client.hgetall(this.key(id));
    if (!found.payload) return undefined;
    const payload = JSON.parse(found.payload);
    if (found.consumed) payload.consumed = Number(found.consumed);
    return payload;
  }

  async findByUid(uid) {
    const id = await client.get(`uid:${uid}`);
    return id ? this.find(id) : undefined;
  }

  async findByUserCode() {
    return undefined; // the device flow is not measured
  }

  async consume(id) {
    await client.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
  }

  async destroy(id) {
    await client.del(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const keys = await client.smembers(`of-grant:${grantId}`);
    if (keys.length) await client.del(...keys, `of-grant:${grantId}`);
  }
}
