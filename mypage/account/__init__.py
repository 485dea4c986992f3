"""設定: who has access, where the resident is signed in, what they sign in with."""
