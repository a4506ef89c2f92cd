# SPDX-License-Identifier: Apache-2.0
# usage: perl proxy.pl PORT [delay SECONDS] [stall BYTES] [limit BYTES] [cut BYTES]
# Passes connections on to a port of loopback, each with a process of its own: every piece of an answer comes later by
# the delay; after that many bytes of answers, nothing comes any more. A request with a larger body than the limit is
# answered with 413; a connection that has sent more bytes than `cut` ends.
use strict;
use warnings;
use IO::Socket::INET;

my ($port, %how) = @ARGV;
my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1)
    or die "no socket: $!\n";
$SIG{CHLD} = 'IGNORE';
setpgrp;
$SIG{TERM} = sub { $SIG{TERM} = 'DEFAULT'; kill 'TERM', -$$; exit };
$| = 1;
print 'listening ', $listener->sockport, "\n";

sub write_all {
    my ($to, $bytes) = @_;
    for (my $sent = 0; $sent < length $bytes;) {
        my $n = syswrite $to, $bytes, length($bytes) - $sent, $sent or exit;
        $sent += $n;
    }
}

# What of the client's bytes may pass on; ends the connection at a request that is too large.
my ($head, $body) = ('', 0);
sub allowed {
    my ($bytes, $client) = @_;
    my $pass = '';
    while (length $bytes) {
        if ($body > 0) {
            my $part = substr $bytes, 0, $body, '';
            $body -= length $part;
            $pass .= $part;
            next;
        }
        $head .= $bytes;
        $bytes = '';
        my $end = index $head, "\r\n\r\n";
        last if $end < 0;
        $bytes = substr $head, $end + 4, length $head, '';
        $body = $head =~ /^content-length:\s*(\d+)/mi ? $1 : 0;
        if ($body > $how{limit}) {
            print "413 $body\n";
            write_all($client, "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            # The client hears of it before the connection is reset because of what it has sent.
            shutdown $client, 1;
            while (sysread $client, my $rest, 65536) { }
            exit;
        }
        $pass .= $head;
        $head = '';
    }
    return $pass;
}

while (1) {
    my $client = $listener->accept or next;
    my $child;
    select(undef, undef, undef, 0.05) until defined($child = fork);
    next if $child;
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or exit;
    my ($answered, $asked) = (0, 0);
    while (1) {
        my $ready = '';
        vec($ready, $_->fileno, 1) = 1 for $client, $server;
        select($ready, undef, undef, undef);
        for my $pair ([$client, $server], [$server, $client]) {
            my ($from, $to) = @$pair;
            next unless vec($ready, $from->fileno, 1);
            my $size = sysread $from, my $bytes, 65536;
            exit unless $size;
            if ($from == $server) {
                select(undef, undef, undef, $how{delay}) if $how{delay};
                $answered += $size;
                sleep 600 if defined $how{stall} && $answered > $how{stall};
            } else {
                $asked += $size;
                if (defined $how{cut} && $asked > $how{cut}) {
                    print "cut\n";
                    exit;
                }
                $bytes = allowed($bytes, $client) if defined $how{limit};
            }
            write_all($to, $bytes);
        }
    }
}
