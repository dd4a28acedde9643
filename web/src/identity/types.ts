/** Shapes of the server's answers about signing in. */

export type Way = "totp" | "passkey" | "recovery" | "password" | `sso:${string}`;

export interface Second {
  ticket: string;
  ways: Way[];
  expires_at: string;
}

export interface Asked<Options> {
  ticket: string;
  options: Options;
}

export interface Passkey {
  id: string;
  name: string;
  created_at: string;
  used_at: string | null;
  is_backed_up: boolean;
}

export interface Account {
  factors: {
    totp: { created_at: string; used_at: string | null } | null;
    passkeys: Passkey[];
    recovery: number;
    has_password: boolean;
  };
  required: "none" | "any" | "passkey";
  due_at: string | null;
  must_change: boolean;
  must_enrol: boolean;
  password_least: number;
  method: string | null;
}

export interface OpenSession {
  id: string;
  method: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string | null;
  agent: string | null;
  is_this: boolean;
  seat: string | null;
}
