"""The other side of the wire: departmental apps, their kit, bridges and simulators. Imports neither idp nor mypage."""
