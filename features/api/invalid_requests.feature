@api
Feature: Wrong input gets a helpful answer
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let programmers find their own mistakes without writing to our support
  Value impact:     Whoever sends something wrong reads what it is, and nothing is half done
  Strategic impact: A service that no request can break may be opened to everybody's programs

  @API-05 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: Wrong input is refused with the field named, nothing is stored, and the service goes on unharmed

    @gate
    Scenario Outline: What is wrong with a request is said by name
      Given Acme is <a plan> customer who owns one of everything
      When Acme sends every request with <something wrong>
      Then each is refused with what is wrong named
      And nothing of Acme's has changed
      And nobody has become a customer by it
      And Acme's own token opens every door that is there for owners

      Examples: Mistakes
        | a plan        | something wrong                 |
        | a Free        | a field missing                 |
        | an Early      | a field of the wrong type       |
        | a Mid         | more in a field than fits       |
        | an Enterprise | a character that cannot be kept |
        | a Mid         | a number that is none           |
        | a Free        | letters that cannot be read     |

      Examples: Too much of it
        | a plan        | something wrong                 |
        | an Early      | lists in lists without end      |
        | an Enterprise | far more than anybody needs     |
