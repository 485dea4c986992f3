"""What a sign-on gives: codes, ID, access, refresh and reference tokens, their claims and resources, grants and their end."""
