@business_data
Feature: The cache never returns stale data
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Answer quickly from a cache without ever showing an outdated figure
  Value impact:     Whoever reads a budget after a change sees the change, on every server
  Strategic impact: We can add servers as we grow, and all customers still read the same figures

  @DBL-05 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: A read after a change returns the new value, whatever is cached

    @gate
    @needs.allowances @needs.colleagues
    Scenario Outline: Every member's next read shows a change
      Given Acme is <a plan> customer with a cached allowance
      And Ben of Acme is a member
      When Acme <changes the allowance>
      Then Acme reads the organisation's current allowance
      And Ben of Acme reads the organisation's current allowance

      Examples:
        | a plan        | changes the allowance |
        | a Free        | raises the allowance  |
        | an Early      | books an expense      |
        | an Enterprise | gives a team a budget |

    @gate
    @needs.allowances @needs.own_services
    Scenario: Two backends return the same allowance after each change
      Given Acme is an Enterprise customer with an allowance cached by two backends
      When Acme changes the allowance through each backend in turn
      Then both backends return the current allowance after each change

    @gate
    @needs.allowances @needs.own_services
    Scenario: What one backend changes the other returns, cached or not
      Given Acme is a Mid customer with an allowance read through two backends
      When Acme changes the allowance through each backend in turn
      Then both backends return the current allowance after each change

    @gate
    @needs.conversations @needs.own_services
    Scenario: Two backends return the same conversation after each change
      Given Acme is an Early customer with a conversation
      And two backends are running
      When Acme changes the title of the conversation through each backend in turn
      Then both backends return the current title of the conversation after each change

    @gate @exclusive
    @needs.allowances @needs.own_services
    Scenario Outline: Reads are correct while the cache fails
      Given Acme is a Mid customer with a cached allowance
      And the cache <fails>
      When Acme books an expense
      Then Acme reads the organisation's current allowance

      Examples:
        | fails          |
        | is unreachable |

      @needs.own_stores
      Examples:
        | fails             |
        | has lost its data |
        | has crashed       |
        | does not respond  |
        | is full           |

    @gate @exclusive
    @needs.allowances @needs.own_services
    Scenario Outline: A change that the cache missed is cached after recovery
      Given Acme is an Early customer with a cached allowance
      And the cache <fails>
      And Acme has a new expense
      When the cache recovers
      Then Acme reads the organisation's current allowance from the cache

      Examples:
        | fails          |
        | is unreachable |

      @needs.own_stores
      Examples:
        | fails             |
        | has lost its data |
        | has crashed       |
        | does not respond  |
        | is full           |

    @gate
    @needs.allowances
    Scenario: A first allowance is seen although its absence was read before
      Given Acme is a Mid customer
      And Acme has read that there is no allowance
      When Acme sets an allowance
      Then Acme reads the organisation's current allowance

    @smoke
    @needs.allowances
    Scenario: The cache returns each customer's own data
      Given Acme is a Mid customer with a cached allowance
      And Borealis is a Free customer
      When Borealis sets an allowance
      Then Borealis reads the organisation's current allowance from the cache
      And Acme reads the organisation's current allowance from the cache
